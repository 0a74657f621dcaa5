"""keys by last characters."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_product_key_partial"), "product_key", ["partial"], unique=False)
