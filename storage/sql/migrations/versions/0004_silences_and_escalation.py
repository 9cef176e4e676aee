"""Silences and escalation: what people do with a signal, and for how long they do not want to hear
of one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
EMPTY, ZERO = sa.text("''"), sa.text("0")
ADDED_TEXTS = ("acknowledged_by", "case_id", "closed_by", "raised_by")
ADDED_MOMENTS = ("acknowledged_at", "waiting_since", "level_since", "silenced_until")


def upgrade() -> None:
    """Make the tables.

    Columns are only added, one by one: SQLite does that in place, a rebuilt table would lose what
    hangs on it. Rows that are there get "" where a text is always there.
    """
    for name in ADDED_TEXTS:
        op.add_column("signals", sa.Column(name, sa.Text(), nullable=False, server_default=EMPTY))
    for name in ADDED_MOMENTS:
        op.add_column("signals", sa.Column(name, MOMENT))
    op.add_column("signals", sa.Column("false_alarm", sa.Text()))
    op.add_column(
        "signals",
        sa.Column("decided_version", sa.BigInteger(), nullable=False, server_default=ZERO),
    )
    op.create_index("ix_signals_state_opened_at", "signals", ["state", "opened_at"])
    op.create_table(
        "silences",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text()),
        sa.Column("platform", sa.Text()),
        sa.Column("signal_key", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("expiry_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
    )
    op.create_index("ix_silences_ends_at", "silences", ["ends_at"])
