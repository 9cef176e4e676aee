"""What Alembic runs; the connection, its transaction and its lock come from the caller."""

from alembic import context

from storage.sql.all_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # holds for SQLite too, as BEGIN was sent by us
)
with context.begin_transaction():
    context.run_migrations()
