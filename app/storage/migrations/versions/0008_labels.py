"""Labelling: whom a question was given to, so that no second person gets it meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "label_leases",
        sa.Column("signature_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("signature_id"),
    )
