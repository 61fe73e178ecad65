"""Grouping that people can correct: the issue a signature was born with, beside the one it is in; its own title."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("signatures", sa.Column("title", sa.Text(), nullable=False, server_default=""))
    op.add_column("signatures", sa.Column("home_id", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("signatures", sa.Column("origin_id", sa.Integer(), nullable=True))
    op.add_column("signatures", sa.Column("grouped_from", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE signatures SET home_id = issue_id, "
        "title = coalesce((SELECT title FROM issues WHERE issues.id = signatures.issue_id), '')"
    )
    op.create_index(op.f("ix_signatures_home_id"), "signatures", ["home_id"], unique=False)
    op.create_index(op.f("ix_feedback_kind"), "feedback", ["kind"], unique=False)
