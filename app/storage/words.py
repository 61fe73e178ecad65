"""Full-text search of signatures: any part of a word, in any case.

SQLite keeps trigrams in an FTS5 table; PostgreSQL keeps the texts in a plain table, with a trigram index where `pg_trgm` is.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.storage import schema
from app.storage.portable import is_postgresql, run

#: Characters of a raw text that full-text search looks at.
SEARCHED: Final = 16_384
#: Shortest text that the trigram index can find; shorter ones are looked for line by line.
TRIGRAM: Final = 3


def put_words(connection: Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
    """Stores (signature, text, raw, service) for searching, in place of what was there."""
    run(connection, "DELETE FROM signature_text WHERE rowid = ?", [(row[0],) for row in rows])
    run(
        connection,
        "INSERT INTO signature_text(rowid, text, raw, service) VALUES (?, ?, ?, ?)",
        [(signature_id, text, raw[:SEARCHED], service) for signature_id, text, raw, service in rows],
    )


def merge_words(connection: Connection) -> None:
    """Merged, SQLite's index no longer holds the words of what was deleted."""
    if not is_postgresql(connection):
        connection.exec_driver_sql("INSERT INTO signature_text(signature_text) VALUES ('optimize')")


def containing(word: str) -> Select[Any]:
    """Ids of signatures whose text, raw text or service holds the word (any part of a word, any case)."""
    pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if len(word) < TRIGRAM:
        s = schema.signatures.c
        return select(s.id).where(or_(s.text.ilike(pattern, escape="\\"), s.raw.ilike(pattern, escape="\\")))
    phrase = '"' + word.replace('"', '""') + '"'
    return select(schema.signature_text.c.rowid).where(_matches(literal(phrase), literal(pattern)))


class _matches(FunctionElement[Any]):  # noqa: N801
    name, inherit_cache = "matches", True


@compiles(_matches)
def _in_fts(element: Any, compiler: Any, **options: Any) -> str:
    phrase, _ = element.clauses
    return f"signature_text MATCH {compiler.process(phrase, **options)}"


@compiles(_matches, "postgresql")
def _in_texts(element: Any, compiler: Any, **options: Any) -> str:
    _, pattern = element.clauses
    said = compiler.process(pattern, **options)
    return "(" + " OR ".join(f"signature_text.{name} ILIKE {said}" for name in ("text", "raw", "service")) + ")"
