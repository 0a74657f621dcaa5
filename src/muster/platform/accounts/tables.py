"""The tables of accounts, portable between SQLite and PostgreSQL. Their migrations make them."""

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
VERSION_TABLE = "accounts_version"
At = sa.DateTime(timezone=True)

account = sa.Table(
    "account",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("password", sa.String(200), nullable=False),
    sa.Column("identity", sa.String(400), unique=True),
    sa.Column("one_time_until", At),
    sa.Column("is_blocked", sa.Boolean, nullable=False),
    sa.Column("created_at", At, nullable=False),
)

session = sa.Table(
    "account_session",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("account", sa.ForeignKey("account.name"), nullable=False, index=True),
    sa.Column("created_at", At, nullable=False),
    sa.Column("seen_at", At, nullable=False),
)

token = sa.Table(
    "account_token",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("account", sa.ForeignKey("account.name"), nullable=False),
    sa.Column("scopes", sa.String(400), nullable=False),
    sa.Column("created_at", At, nullable=False),
    sa.Column("ends_at", At, nullable=False),
)

bucket = sa.Table(
    "account_bucket",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("full_at", At, nullable=False),
)
