"""The tables of the vendor's database, portable between SQLite and PostgreSQL. Migrations make them."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts only plain INTEGER keys up by itself.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
At = sa.DateTime(timezone=True)

setting = sa.Table(
    "setting",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

keyset = sa.Table(
    "keyset",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
)

definition = sa.Table(
    "definition",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("text", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

organisation = sa.Table(
    "organisation",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("is_blocked", sa.Boolean, nullable=False),
    sa.Column("created_at", At, nullable=False),
    sa.Column("until_day", sa.Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

product_key = sa.Table(
    "product_key",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("scope", sa.Integer, nullable=False),
    sa.Column("scope_name", sa.String(64), nullable=False, index=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False, index=True),
    sa.Column("partial", sa.String(5), nullable=False, index=True),
    sa.Column("lookup", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("reference", sa.LargeBinary(8), nullable=False, index=True),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("hosts", sa.Integer, nullable=False),
    sa.Column("reactivations", sa.Integer, nullable=False),
    sa.Column("activations", sa.Integer, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("reactivated", sa.Integer, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("seats", sa.Integer, nullable=False),
    sa.Column("until_day", sa.Integer, nullable=False),
    sa.Column("covers_until_day", sa.Integer, nullable=False),
    sa.Column("is_blocked", sa.Boolean, nullable=False),
    sa.Column("replaced_by", Id),
    sa.Column("created_at", At, nullable=False),
    sa.Index(
        "ix_product_key_blocked", "id", sqlite_where=sa.text("is_blocked"), postgresql_where=sa.text("is_blocked")
    ),
    sqlite_autoincrement=True,
)

certificate = sa.Table(
    "certificate",
    metadata,
    sa.Column("serial", Id, primary_key=True, autoincrement=True),
    sa.Column("key_id", sa.ForeignKey("product_key.id"), nullable=False, index=True),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("subject", sa.LargeBinary(32), nullable=False),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("issuing_key", sa.SmallInteger, nullable=False),
    sa.Column("not_before_day", sa.Integer, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("scope", sa.Integer, nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("released_until_day", sa.Integer, nullable=False),
    sa.Column("lease_until_day", sa.Integer, nullable=False),
    sa.Column("cost", sa.String(16), nullable=False),
    sa.Column("replaced_by", Id),
    sa.Column("is_withdrawn", sa.Boolean, nullable=False),
    sa.Column("created_at", At, nullable=False),
    sqlite_autoincrement=True,
)

machine = sa.Table(
    "machine",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("key_id", sa.ForeignKey("product_key.id"), nullable=False),
    sa.Column("installation", sa.LargeBinary(24), nullable=False),
    sa.Column("part_0", sa.Integer, nullable=False),
    sa.Column("part_1", sa.Integer, nullable=False),
    sa.Column("part_2", sa.Integer, nullable=False),
    sa.Column("part_3", sa.Integer, nullable=False),
    sa.Column("end_day", sa.Integer, nullable=False),
    sa.Column("cost", sa.String(16), nullable=False),
    sa.Column("created_at", At, nullable=False),
    sa.UniqueConstraint("key_id", "installation"),
    sa.Index(None, "key_id", "part_0"),
    sa.Index(None, "key_id", "part_1"),
    sa.Index(None, "key_id", "part_2"),
    sa.Index(None, "key_id", "part_3"),
    sqlite_autoincrement=True,
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(200), unique=True),
    sa.Column("salt", sa.LargeBinary(16)),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sqlite_autoincrement=True,
)

remark = sa.Table(
    "remark",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("text", sa.Text),
    sa.Column("salt", sa.LargeBinary(16)),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sqlite_autoincrement=True,
)

seal = sa.Table(
    "seal",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("signed", sa.LargeBinary, nullable=False),
)

_ABOUT_KEYS = sa.text("action LIKE 'key.%'")

# People are named by number without a foreign key: it would have every activation lock the same row of `person`.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("at", At, nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("actor_id", Id, nullable=False),
    sa.Column("about_id", Id),
    sa.Column("remark_id", Id),
    sa.Column("seal_number", sa.Integer, index=True),
    sa.Index("ix_audit_key", "subject", "id", sqlite_where=_ABOUT_KEYS, postgresql_where=_ABOUT_KEYS),
    sqlite_autoincrement=True,
)

webhook = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("address", sa.String(500), nullable=False),
    sa.Column("events", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column("created_at", At, nullable=False),
    sqlite_autoincrement=True,
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("webhook_id", sa.ForeignKey("webhook.id"), nullable=False),
    sa.Column("message", sa.String(40), nullable=False),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("next_at", At, index=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("answer", sa.String(200), nullable=False),
    sa.Column("created_at", At, nullable=False, index=True),
    sa.Index(None, "webhook_id", "event", "subject"),
    sqlite_autoincrement=True,
)

# Installation ids whose tag no key made, by ten minutes and reference; the empty one counts all.
wrong_tag = sa.Table(
    "wrong_tag",
    metadata,
    sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reference", sa.LargeBinary(8), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)

# How many rows of the audit came under seals, by what they tell of and the day: nobody counts tables of millions.
tally = sa.Table(
    "tally",
    metadata,
    sa.Column("noun", sa.String(16), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)

# Keys with a pool of some size of which four fifths were used once; to be looked at before they are believed.
low_pool = sa.Table(
    "low_pool",
    metadata,
    sa.Column("key_id", sa.ForeignKey("product_key.id"), primary_key=True),
    sa.Column("at", At, nullable=False, index=True),
)

report = sa.Table(
    "report",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("serial", Id, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("signed", sa.LargeBinary, nullable=False),
    sa.Column("machines", sa.LargeBinary, nullable=False),
    sa.Column("first_month", sa.Integer, nullable=False),
    sa.Column("last_month", sa.Integer, nullable=False),
    sa.Column("made_at", At, nullable=False),
    sa.Index(None, "organisation_id", "last_month"),
    sqlite_autoincrement=True,
)

reported = sa.Table(
    "reported",
    metadata,
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), primary_key=True),
    sa.Column("month", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("edition", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("machines", sa.Integer, nullable=False),
)
