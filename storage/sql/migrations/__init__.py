"""Alembic migrations of the workflow database; `storage.sql.schema.migrate` runs them."""
