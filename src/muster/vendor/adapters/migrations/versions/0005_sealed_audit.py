"""names and remarks of the audit beside it, seals over it."""

import hashlib
import hmac
import json

import sqlalchemy as sa
from alembic import op

from muster.base.entropy import SystemEntropy

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ABOUT_PEOPLE = ("account.", "token.")
REMARKS = {"account", "email", "identity", "name", "note", "reason"}


def upgrade() -> None:
    _tables()
    op.add_column("audit", sa.Column("actor_id", ID, nullable=True))
    op.add_column("audit", sa.Column("about_id", ID, nullable=True))
    op.add_column("audit", sa.Column("remark_id", ID, nullable=True))
    op.add_column("audit", sa.Column("seal_number", sa.Integer(), nullable=True))
    _move(op.get_bind())
    newest = _newest_number(op.get_bind())
    with op.batch_alter_table("audit", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("actor_id", existing_type=ID, nullable=False)
        batch.drop_column("actor")
    if newest:  # SQLite made the table anew, and counts from its last row
        counted = sa.text("UPDATE sqlite_sequence SET seq = :newest WHERE name = 'audit'")
        op.get_bind().execute(counted, {"newest": newest})
    op.create_index(op.f("ix_audit_seal_number"), "audit", ["seal_number"])
    op.execute("INSERT INTO setting (name, value) VALUES ('audit sealer', '')")


def _newest_number(connection: sa.Connection) -> int:
    """The highest number that SQLite has given to a row of the audit, also one that is gone; 0 elsewhere."""
    if connection.dialect.name != "sqlite":
        return 0
    return int(connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'audit'")).scalar() or 0)


def _tables() -> None:
    for name, text in (("person", sa.Column("name", sa.String(200))), ("remark", sa.Column("text", sa.Text()))):
        unique = [sa.UniqueConstraint("name", name=op.f("uq_person_name"))] if name == "person" else []
        op.create_table(
            name,
            sa.Column("id", ID, autoincrement=True, nullable=False),
            text,
            sa.Column("salt", sa.LargeBinary(16), nullable=True),
            sa.Column("digest", sa.LargeBinary(32), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            *unique,
            sqlite_autoincrement=True,
        )
    op.create_table(
        "seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )


def _move(connection: sa.Connection) -> None:
    """Names and remarks of the rows that are there into the tables beside."""
    token = SystemEntropy().token
    audit, person, remark = (
        sa.Table(name, sa.MetaData(), autoload_with=connection) for name in ("audit", "person", "remark")
    )
    known: dict[str, int] = {}

    def kept(table: sa.Table, column: str, text: str) -> int:
        salt = token(16)
        digest = hmac.digest(salt, text.encode(), hashlib.sha256)
        values = {column: text, "salt": salt, "digest": digest}
        return int(connection.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one())

    def person_of(name: str) -> int:
        if name not in known:
            known[name] = kept(person, "name", name)
        return known[name]

    # No more than the numbers at once: there may be millions of rows.
    for (name,) in connection.execute(sa.select(audit.c.actor).distinct()).all():
        connection.execute(sa.update(audit).where(audit.c.actor == name).values(actor_id=person_of(name)))
    about = sa.or_(*(audit.c.action.startswith(start) for start in ABOUT_PEOPLE))
    for number, name in connection.execute(sa.select(audit.c.id, audit.c.subject).where(about)).all():
        own = audit.c.id == number
        connection.execute(sa.update(audit).where(own).values(subject="", about_id=person_of(name)))
    said = sa.or_(*(audit.c.details.contains(f'"{name}":') for name in sorted(REMARKS)))
    for number, text in connection.execute(sa.select(audit.c.id, audit.c.details).where(said)).all():
        details = json.loads(text)
        private = {name: value for name, value in details.items() if name in REMARKS and value is not None}
        rest = {name: value for name, value in details.items() if name not in REMARKS}
        if private:
            said_id = kept(remark, "text", json.dumps(private, sort_keys=True))
            moved = sa.update(audit).where(audit.c.id == number)
            connection.execute(moved.values(details=json.dumps(rest, sort_keys=True), remark_id=said_id))
