"""What each signature names, for the Inbox's filter; gone with its signature, and where a purge takes the name out of its text."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "signature_entities",
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("signature_id", "label", "value"),
    )
    op.create_index("entities_by_value", "signature_entities", ["label", "value"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION signature_entities_go() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "DELETE FROM signature_entities WHERE signature_id = OLD.id; RETURN NULL; END $$"
        )
        op.execute(
            "CREATE FUNCTION signature_entities_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF NEW.raw IS DISTINCT FROM OLD.raw THEN "
            "DELETE FROM signature_entities WHERE signature_id = NEW.id AND strpos(NEW.raw, value) = 0; END IF; "
            "RETURN NULL; END $$"
        )
        for name, when in (("go", "DELETE"), ("follow", "UPDATE")):
            op.execute(
                f"CREATE TRIGGER signature_entities_{name} AFTER {when} ON signatures "
                f"FOR EACH ROW EXECUTE FUNCTION signature_entities_{name}()"
            )
        return
    op.execute(
        "CREATE TRIGGER signature_entities_go AFTER DELETE ON signatures "
        "BEGIN DELETE FROM signature_entities WHERE signature_id = OLD.id; END"
    )
    op.execute(
        "CREATE TRIGGER signature_entities_follow AFTER UPDATE OF raw ON signatures "
        "BEGIN DELETE FROM signature_entities WHERE signature_id = NEW.id AND instr(NEW.raw, value) = 0; END"
    )
