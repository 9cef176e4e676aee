"""What was read of each surface, run by run, and when it was less than before."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "surface_counts",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("content_pages", sa.BigInteger(), nullable=False),
        sa.Column("bare_pages", sa.BigInteger(), nullable=False),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.Column("fresh", sa.BigInteger(), nullable=False),
        sa.Column("filled", sa.Text(), nullable=False),
        sa.Column("fresh_filled", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "source_id", "surface", name="pk_surface_counts"),
    )
    op.create_index("ix_surface_counts_source", "surface_counts", ["source_id", "at"])
    op.create_index("ix_surface_counts_at", "surface_counts", ["at"])
    op.create_table(
        "drift_episodes",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("noticed_at", MOMENT, nullable=False),
        sa.Column("before_filled", sa.BigInteger(), nullable=False),
        sa.Column("before_of", sa.BigInteger(), nullable=False),
        sa.Column("after_filled", sa.BigInteger(), nullable=False),
        sa.Column("after_of", sa.BigInteger(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("source_id", "surface", "field", "since", name="pk_drift_episodes"),
    )
    op.create_index("ix_drift_episodes_ended_at", "drift_episodes", ["ended_at"])
    op.create_table(
        "read_pages",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("watch_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "sha256", name="pk_read_pages"),
    )
    op.create_index("ix_read_pages_fetched_at", "read_pages", ["fetched_at"])
