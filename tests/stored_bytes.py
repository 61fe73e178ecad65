"""What stands in the files of a store now: whatever was deleted for good is not among it."""

from app.storage.engine import Database
from app.storage.sqlite import SqliteDatabase


def stored_bytes(database: Database) -> bytes:
    """The SQLite file with its journal, free pages too; or PostgreSQL's files of the tables and indexes, dead rows too."""
    if isinstance(database, SqliteDatabase):
        return b"".join(part.read_bytes() for part in database.file.parent.glob(database.file.name + "*"))
    files = (
        "SELECT pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'i')"
    )
    with database.write() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        return b"".join(connection.exec_driver_sql(files).scalars())
