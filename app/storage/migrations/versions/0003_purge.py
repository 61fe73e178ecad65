"""A purge may blank a secret in the log's texts: only while it runs, only after its own row, and nothing else."""

from alembic import op

revision = "0003"
down_revision = "0002"

#: What no purge touches: who answered what about which issue, and when.
_FIXED = ("id", "at", "kind", "issue_id", "signature_id", "model", "propensity")
#: What it may blank; a changed text must show the mark of what was taken out.
_TEXTS = ("key", "actor", "answer", "shown")
_RUNNING = (
    "EXISTS (SELECT 1 FROM meta JOIN feedback purge ON purge.id = CAST(meta.value AS INTEGER) WHERE meta.key = 'purging' "
    "AND purge.kind = 'purge' AND purge.id = (SELECT max(id) FROM feedback))"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
        return
    fixed = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _FIXED)
    marked = " AND ".join(
        f"(NEW.{name} IS OLD.{name} OR instr(NEW.{name}, '[redacted:marked]') > 0)" for name in _TEXTS
    )
    op.execute("DROP TRIGGER feedback_no_update")
    op.execute(
        "CREATE TRIGGER feedback_no_update BEFORE UPDATE ON feedback "
        f"WHEN NOT ({fixed} AND {marked} AND {_RUNNING}) "
        "BEGIN SELECT RAISE(ABORT, 'the feedback log is append-only'); END"
    )


def _on_postgresql() -> None:
    fixed = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in _FIXED)
    marked = " AND ".join(
        f"(NEW.{name}::text IS NOT DISTINCT FROM OLD.{name}::text OR strpos(NEW.{name}::text, '[redacted:marked]') > 0)"
        for name in _TEXTS
    )
    op.execute(
        "CREATE FUNCTION feedback_is_purged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT ({fixed} AND {marked} AND {_RUNNING}) THEN RAISE EXCEPTION "
        "'the feedback log is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute("DROP TRIGGER feedback_no_update ON feedback")
    op.execute(
        "CREATE TRIGGER feedback_no_update BEFORE UPDATE ON feedback FOR EACH ROW EXECUTE FUNCTION feedback_is_purged()"
    )
