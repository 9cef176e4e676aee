"""Looks that add depth and make no hour known."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Every look so far was a search."""
    op.add_column(
        "coverage",
        sa.Column("supplement", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
