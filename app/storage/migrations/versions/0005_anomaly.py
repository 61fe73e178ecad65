"""What each detector says of a signature, beside the Isolation Forest's score in the signature's own row."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "signature_anomaly",
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("detector", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("signature_id", "detector"),
    )
    op.create_index(op.f("ix_signature_anomaly_version"), "signature_anomaly", ["version"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION signature_anomaly_go() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "DELETE FROM signature_anomaly WHERE signature_id = OLD.id; RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER signature_anomaly_go AFTER DELETE OR UPDATE OF vector ON signatures "
            "FOR EACH ROW EXECUTE FUNCTION signature_anomaly_go()"
        )
        return
    op.execute(
        "CREATE TRIGGER signature_anomaly_go AFTER DELETE ON signatures "
        "BEGIN DELETE FROM signature_anomaly WHERE signature_id = OLD.id; END"
    )
    op.execute(
        "CREATE TRIGGER signature_anomaly_follow AFTER UPDATE OF vector ON signatures "
        "BEGIN DELETE FROM signature_anomaly WHERE signature_id = NEW.id; END"
    )
