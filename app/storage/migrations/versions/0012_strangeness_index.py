"""No index on the version of a score: all scores have the same, and SQLite took it for a way to find one signature's."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.drop_index("ix_signature_anomaly_version", table_name="signature_anomaly")
