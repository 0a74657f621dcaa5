"""hosts with their counts are read from an index alone."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_edition_host"), table_name="edition")
    op.create_index(
        op.f("ix_edition_host_edition_count_threshold"),
        "edition",
        ["host", "edition", "count", "threshold"],
        unique=False,
    )
