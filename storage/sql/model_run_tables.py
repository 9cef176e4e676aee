"""Runs of the sentiment model over the stored history."""

from sqlalchemy import BigInteger, Column, Table

from storage.sql.columns import metadata, words

model_runs = Table(
    "model_runs",
    metadata,
    Column("run", BigInteger(), primary_key=True, autoincrement=False),
    words("model_id"),
    words("document"),
)
"""A row a run; `document` is all of it."""
