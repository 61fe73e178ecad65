"""What was redacted from an upload; an index that tells which vectors are of an encoder without reading the rows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("redacted", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index(op.f("ix_signatures_encoder"), "signatures", ["encoder"], unique=False)
