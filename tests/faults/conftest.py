"""Ailments of a store's file, made on purpose."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event


@pytest.fixture
def ailing() -> Iterator[Callable[[str], None]]:
    """`ailing(pragma)`: every connection from now on has the pragma, which SQLite answers as it does a full disk or a file
    without permission (root may write every file, so that permissions cannot be taken away in a test)."""
    pragmas: list[str] = []

    def begin(connection: Any) -> None:
        for pragma in pragmas:
            connection.exec_driver_sql(f"PRAGMA {pragma}")

    event.listen(Engine, "begin", begin)
    yield pragmas.append
    event.remove(Engine, "begin", begin)
