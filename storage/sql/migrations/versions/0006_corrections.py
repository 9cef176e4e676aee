"""Corrections, notes about the installation, and the way of a mail.

A mail knows by which way it leaves (`route`): when nobody answers there, the others of its way wait
with it instead of being tried one after the other.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "corrections",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("mention_id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("brand_ids", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("model_label", sa.Text()),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("projected", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_corrections"),
    )
    op.create_index("ix_corrections_mention_id_seq", "corrections", ["mention_id", "seq"])
    op.create_index("ix_corrections_projected_seq", "corrections", ["projected", "seq"])
    op.create_index("ix_corrections_at", "corrections", ["at"])
    op.create_index("ix_corrections_batch", "corrections", ["batch"])
    op.create_table(
        "notes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notes"),
    )
    op.add_column(
        "outbox", sa.Column("route", sa.Text(), nullable=False, server_default=sa.text("'mail'"))
    )
    op.create_index(
        "ix_outbox_route_state_next_attempt_at", "outbox", ["route", "state", "next_attempt_at"]
    )
