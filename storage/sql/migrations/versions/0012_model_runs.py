"""Runs of the sentiment model over the stored history, and which labels were given unseen."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "model_runs",
        sa.Column("run", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_model_runs"),
    )
    op.add_column(
        "corrections",
        sa.Column("sampled", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
