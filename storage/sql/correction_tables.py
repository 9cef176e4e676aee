"""A person's corrections of what the model said, and what is noted about the installation."""

from sqlalchemy import Column, Index, Table

from storage.sql.columns import SEQUENCE, Words, added_flag, flag, metadata, moment, words

corrections = Table(
    "corrections",
    metadata,
    Column("seq", SEQUENCE, primary_key=True),
    words("mention_id"),
    words("target"),
    words("act"),
    words("account_id"),
    moment("at"),
    words("reason"),
    words("platform"),
    words("brand_ids"),
    words("targets"),
    words("before"),
    words("after"),
    words("model"),
    Column("label", Words()),
    Column("model_label", Words()),
    words("said"),
    words("batch"),
    flag("projected"),
    added_flag("sampled"),
)
"""`projected`: the mention in the mention store shows it."""
Index(None, corrections.c.mention_id, corrections.c.seq)
Index(None, corrections.c.projected, corrections.c.seq)
Index(None, corrections.c.at)
Index(None, corrections.c.batch)

notes = Table(
    "notes",
    metadata,
    words("name", primary_key=True),
    words("document"),
)
"""One fact a row about the installation: see `storage.sql.notes`."""
