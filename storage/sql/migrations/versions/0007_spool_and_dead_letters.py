"""What waits in the spools of the machines while the mention store is away, and dead letters."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "spooled_looks",
        sa.Column("look_id", sa.Text(), nullable=False),
        sa.Column("spool", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("watch_id", sa.Text(), nullable=False),
        sa.Column("collected_at", MOMENT, nullable=False),
        sa.Column("spooled_at", MOMENT, nullable=False),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("look_id", name="pk_spooled_looks"),
    )
    op.create_index("ix_spooled_looks_spool", "spooled_looks", ["spool"])
    op.create_index("ix_spooled_looks_lineage", "spooled_looks", ["lineage"])
    op.create_table(
        "spooled_runs",
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("new", sa.BigInteger(), nullable=False),
        sa.Column("dead_lettered", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lineage", name="pk_spooled_runs"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("mention_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("collected_at", MOMENT, nullable=False),
        sa.Column("first_refused_at", MOMENT, nullable=False),
        sa.Column("refused_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mention_id", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_refused_at", "dead_letters", ["refused_at"])
