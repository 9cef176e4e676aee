"""Which version the workflow database has, and which this program makes of it."""

from runtime.settings_model import sqlite_path
from storage.sql.database import open_database
from storage.sql.schema import newest_revision, schema_version


def workflow_version(url: str) -> str | None:
    """Return the version of the workflow database, None where it has no tables yet."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return None
    engine = open_database(url)
    try:
        return schema_version(engine)
    finally:
        engine.dispose()


def newest_version() -> str:
    """Return the version that this program brings it to."""
    return newest_revision()
