"""What SQLite and PostgreSQL spell differently, under one name each: the rest of the store's SQL is the same for both.

In the text of `sql(…)` and `run(…)`:

    NUMBERS(:ids), WORDS(:keys)   the integers, or texts, of a bound JSON list, as a subquery for IN
    WHOLE(x)                      the whole part of a number, towards zero
    LESSER(a, b), GREATER(a, b)   of two numbers
    FIELD(column, name)           a text in a JSON column; FIGURE likewise a number
    GATHERED(a, b, …)             all rows as one JSON list of lists, in one row of text
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, CursorResult, Text, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.sql.functions import FunctionElement

POSTGRESQL: Final = "postgresql"
_LISTED: Final = "FROM json_array_elements_text(CAST({0} AS JSON)) AS listed(value)"
#: word: (SQLite, PostgreSQL)
_SPELLED: Final[dict[str, tuple[str, str]]] = {
    "NUMBERS": ("(SELECT value FROM json_each({0}))", f"(SELECT CAST(value AS BIGINT) {_LISTED})"),
    "WORDS": ("(SELECT value FROM json_each({0}))", f"(SELECT value {_LISTED})"),
    "WHOLE": ("CAST({0} AS INTEGER)", "CAST(trunc({0}) AS BIGINT)"),
    "LESSER": ("min({0}, {1})", "least({0}, {1})"),
    "GREATER": ("max({0}, {1})", "greatest({0}, {1})"),
    "FIELD": ("json_extract({0}, '$.{1}')", "({0} ->> '{1}')"),
    "FIGURE": ("json_extract({0}, '$.{1}')", "CAST({0} ->> '{1}' AS DOUBLE PRECISION)"),
    "GATHERED": (
        "json_group_array(json_array({all}))",
        "CAST(coalesce(json_agg(json_build_array({all})), '[]') AS TEXT)",
    ),
    "HOLDS": ("instr({0}, {1}) > 0", "strpos(CAST({0} AS TEXT), {1}) > 0"),
    "NAMES": ("CAST(json_extract({0}, '$.' || {1}) AS TEXT)", "({0} ->> {1})"),
}
_WORD: Final = re.compile(rf"\b({'|'.join(_SPELLED)})\(")


class sql(TextClause):  # noqa: N801 - it stands where `text` would
    """`text()` with the words above."""

    inherit_cache = True


@compiles(sql)
def _compile_text(element: sql, compiler: Any, **options: Any) -> str:
    spelled = element._clone()
    spelled.text = _expanded(element.text, compiler.dialect.name)
    return str(compiler.visit_textclause(spelled, **options))


def run(connection: Connection, statement: str, values: Sequence[Any]) -> CursorResult[Any]:
    """Hands a statement with ? for values to the driver as it is: for many rows, where an object for each would cost."""
    name = connection.dialect.name
    if isinstance(values, list):
        return connection.exec_driver_sql(_driver_text(statement, name), values)
    return connection.exec_driver_sql(_driver_text(statement, name), tuple(values))


def insert(connection: Connection, table: Any) -> Any:
    """An INSERT that can say what happens on a conflict."""
    return postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)


def is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == POSTGRESQL


class _Spelled(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Spelled)
def _compile_element(element: Any, compiler: Any, **options: Any) -> str:
    arguments = [compiler.process(one, **options) for one in element.clauses]
    return _spelled(element.name, compiler.dialect.name, arguments)


class numbers(_Spelled):  # noqa: N801
    """`column.bool_op("IN")(numbers(json))`: the integers of a JSON list."""

    name, type, inherit_cache = "NUMBERS", BigInteger(), True


class whole(_Spelled):  # noqa: N801
    name, type, inherit_cache = "WHOLE", BigInteger(), True


class lesser(_Spelled):  # noqa: N801
    name, type, inherit_cache = "LESSER", BigInteger(), True


class holds(_Spelled):  # noqa: N801
    """Whether a column's stored text, JSON too, holds another; upper and lower case differ."""

    name, inherit_cache = "HOLDS", True


class names(_Spelled):  # noqa: N801
    """The value under a key of a JSON column, as text."""

    name, type, inherit_cache = "NAMES", Text(), True


def stored_text(column: Column[Any]) -> Any:
    """The column as its stored text, also where it is JSON."""
    return type_coerce(column, Text)


def _spelled(word: str, dialect: str, arguments: Sequence[str]) -> str:
    return _SPELLED[word][dialect == POSTGRESQL].format(*arguments, all=", ".join(arguments))


@cache
def _driver_text(statement: str, dialect: str) -> str:
    text = _expanded(statement, dialect)
    return text.replace("%", "%%").replace("?", "%s") if dialect == POSTGRESQL else text


@cache
def _expanded(text: str, dialect: str) -> str:
    found = _WORD.search(text)
    if found is None:
        return text
    arguments, end = _arguments(text, found.end())
    said = _spelled(found.group(1), dialect, [_expanded(one, dialect) for one in arguments])
    return text[: found.start()] + said + _expanded(text[end:], dialect)


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """What stands between the parentheses that open before `start`, and where the text goes on."""
    depth, begun = 0, start
    parts: list[str] = []
    for at in range(start, len(text)):
        character = text[at]
        if character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif character == ")":
            return [*parts, text[begun:at].strip()], at + 1
        elif character == "," and not depth:
            parts.append(text[begun:at].strip())
            begun = at + 1
    raise ValueError(f"a parenthesis is open in {text!r}")
