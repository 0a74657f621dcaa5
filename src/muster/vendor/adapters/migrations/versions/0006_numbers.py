"""numbers kept as rows come under seals, wrong tags of all nodes, and indexes of what is searched for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOUNS = {
    "organisation": ("organisation.added",),
    "key": ("key.issued", "key.replaced"),
    "machine": ("machine.confirmed",),
    "certificate": ("host.certified", "directory.certified"),
}
MAK = 2


def upgrade() -> None:
    op.create_table(
        "wrong_tag",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.LargeBinary(8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slot", "reference", name=op.f("pk_wrong_tag")),
    )
    op.create_table(
        "tally",
        sa.Column("noun", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("noun", "day", name=op.f("pk_tally")),
    )
    op.create_table(
        "low_pool",
        sa.Column("key_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["product_key.id"], name=op.f("fk_low_pool_key_id")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_low_pool")),
    )
    op.create_index("ix_low_pool_at", "low_pool", ["at"])
    op.create_index("ix_product_key_scope_name", "product_key", ["scope_name"])
    for name, table, columns, condition in (
        ("ix_product_key_blocked", "product_key", ["id"], "is_blocked"),
        ("ix_audit_key", "audit", ["subject", "id"], "action LIKE 'key.%'"),
    ):
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    _count(op.get_bind())


def _count(connection: sa.Connection) -> None:
    """What is sealed already, by day (UTC), and the pools that are low."""
    day = "date(at)" if connection.dialect.name == "sqlite" else "CAST(at AT TIME ZONE 'UTC' AS DATE)"
    for noun, actions in {**NOUNS, "row": ()}.items():
        quoted = ", ".join(f"'{action}'" for action in actions)
        only = f"AND action IN ({quoted})" if actions else ""
        connection.execute(
            sa.text(
                f"INSERT INTO tally (noun, day, number) SELECT '{noun}', {day}, count(*) FROM audit"  # noqa: S608 - words from above
                f" WHERE seal_number IS NOT NULL {only} GROUP BY {day}"
            )
        )
    connection.execute(
        sa.text(
            "INSERT INTO low_pool (key_id, at) SELECT id, created_at FROM product_key"
            " WHERE kind = :mak AND activations >= 5 AND used * 5 >= activations * 4"
        ),
        {"mak": MAK},
    )
