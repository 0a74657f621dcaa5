"""Alembic's entry. Accounts count their versions in a table of their own, beside the program's in the same database."""

from alembic import context

from muster.platform.accounts.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
