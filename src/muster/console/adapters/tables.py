"""The tables of the console's database, portable between SQLite and PostgreSQL. Migrations make them."""

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

machine = sa.Table(
    "machine",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(253), nullable=False),
    sa.Column("name_key", sa.String(253), nullable=False, unique=True),
    sa.Column("address", sa.String(253), nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("user", sa.String(253), nullable=False),
    sa.Column("jump", sa.String(253), nullable=False),
    sa.Column("group", sa.String(253), nullable=False, index=True),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("ssh_key", sa.Text, nullable=False),
    sa.Column("added_at", At, nullable=False),
    sa.Column("contact_at", At, index=True),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("result", sa.String(64), nullable=False, index=True),
    sa.Column("result_text", sa.String(400), nullable=False),
    sqlite_autoincrement=True,
)

edition = sa.Table(
    "edition",
    metadata,
    sa.Column("machine_id", sa.ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("edition", sa.String(200), primary_key=True),
    sa.Column("product", sa.String(200), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("permanent", sa.Boolean, nullable=False),
    sa.Column("expires_at", At, index=True),
    sa.Column("grace_ends_at", At),
    sa.Column("count", sa.BigInteger),
    sa.Column("threshold", sa.BigInteger),
    sa.Column("host", sa.String(200), nullable=False),
    sa.Column("organisation", sa.BigInteger),
    sa.Column("client_id", sa.String(32), nullable=False, index=True),
    sa.Column("partial_key", sa.String(5), nullable=False),
    sa.Column("key_kind", sa.String(20), nullable=False),
    sa.Column("binding", sa.String(20), nullable=False),
    sa.Column("error", sa.String(64), nullable=False),
    sa.Column("error_text", sa.String(200), nullable=False),
    # Hosts with their counts are read from this alone.
    sa.Index(None, "host", "edition", "count", "threshold"),
)

task = sa.Table(
    "task",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("started_at", At, nullable=False),
    sqlite_autoincrement=True,
)

task_machine = sa.Table(
    "task_machine",
    metadata,
    sa.Column("task_id", sa.ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("machine_id", sa.ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("text", sa.String(400), nullable=False),
    sa.Column("settled_at", At),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("at", At, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

# Texts are armoured files; ids of vendors, references and installation ids are hexadecimal.
product = sa.Table(
    "product",
    metadata,
    sa.Column("vendor_id", sa.String(16), primary_key=True),
    sa.Column("vendor", sa.String(200), nullable=False),
    sa.Column("serial", sa.BigInteger, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

product_key = sa.Table(
    "product_key",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    sa.Column("scope", sa.Integer, nullable=False),
    sa.Column("partial", sa.String(5), nullable=False, index=True),
    sa.Column("reference", sa.String(16), nullable=False, unique=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("added_at", At, nullable=False),
    sa.Column("edition", sa.String(200), nullable=False),
    sa.Column("remaining", sa.BigInteger),
    sa.Column("total", sa.BigInteger),
    sa.Column("refreshed_at", At),
    sqlite_autoincrement=True,
)

installation = sa.Table(
    "installation",
    metadata,
    sa.Column("id", sa.String(90), primary_key=True),
    sa.Column("vendor_id", sa.String(16), nullable=False),
    sa.Column("reference", sa.String(16), nullable=False, index=True),
    sa.Column("edition", sa.String(200), nullable=False),
    sa.Column("name", sa.String(253), nullable=False),
    sa.Column("collected_at", At, nullable=False),
    sa.Column("sent_at", At),
    sa.Column("answered_at", At),
    sa.Column("confirmation", sa.LargeBinary),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("text", sa.String(400), nullable=False),
)

machine_installation = sa.Table(
    "machine_installation",
    metadata,
    sa.Column("machine_id", sa.ForeignKey("machine.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("edition", sa.String(200), primary_key=True),
    sa.Column("installation_id", sa.ForeignKey("installation.id"), nullable=False, index=True),
    sa.Column("deposited_at", At),
)

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("value", sa.String(64), nullable=False),
)

# `text` is JSON: conditions, order, grouping.
saved_view = sa.Table(
    "saved_view",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("saved_at", At, nullable=False),
)
