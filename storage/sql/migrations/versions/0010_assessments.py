"""采集影响评估: the signed sheets, and in the ledger under which of them a look was made."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "assessments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("signed_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assessments"),
    )
    op.create_index("ix_assessments_source_id_signed_at", "assessments", ["source_id", "signed_at"])
    op.create_index("ix_assessments_ended_at", "assessments", ["ended_at"])
    op.add_column(
        "coverage",
        sa.Column("assessment_id", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
