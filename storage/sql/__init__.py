"""The workflow database: SQLAlchemy Core + Alembic on SQLite or PostgreSQL."""
