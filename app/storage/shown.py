"""What stands for a signature where people read it: the text of its oldest event that still has one, else its normalised text."""

from collections.abc import Callable
from functools import reduce

from sqlalchemy import Connection, select, update

from app.storage import schema
from app.storage.words import put_words
from models.analyse.judgement import louder


def show_what_is_left(
    connection: Connection, signature_id: int, title: Callable[[str], str], *, anew: bool = True
) -> None:
    """Text, title, loudest level and words for searching, from the events it has now.

    `anew`: also where the text is the same as before, because its words for searching are not.
    """
    s, e = schema.signatures, schema.events.c
    oldest = select(e.raw, e.service).where(e.signature_id == signature_id).order_by(e.raw == "", e.id).limit(1)
    raw, service = connection.execute(oldest).one()
    levels = connection.execute(select(e.level).where(e.signature_id == signature_id).distinct()).scalars()
    level = update(s).where(s.c.id == signature_id).values(level=reduce(louder, levels))
    before, kind = connection.execute(level.returning(s.c.raw, s.c.text)).one()
    raw = raw or kind
    if raw == before and not anew:
        return
    connection.execute(update(s).where(s.c.id == signature_id).values(raw=raw, title=title(raw)))
    put_words(connection, [(signature_id, kind, raw, service)])
