"""Forecasts that were shown, and how they came out."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "forecasts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("median", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("next_errors", sa.JSON(), nullable=False),
        sa.Column("forecastable", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("failed_at", sa.Float(), nullable=True),
        sa.Column("failed_service", sa.String(), nullable=False),
        sa.Column("next_rank", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("at", "model"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_forecasts_outcome"), "forecasts", ["outcome"], unique=False)
