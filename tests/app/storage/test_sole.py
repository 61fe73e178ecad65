"""The one place for a worker on a PostgreSQL store: a second one waits, and gets it when the first is gone, however it went."""

import pytest

from app.storage.engine import open_database


class Waiting(Exception):  # noqa: N818
    pass


def waits():
    raise Waiting


def test_a_second_worker_waits_until_the_first_one_is_gone(postgres):
    url = postgres.emptied()
    first, second = open_database(url), open_database(url)
    with first.sole(waits) as held:
        assert held()
        with pytest.raises(Waiting), second.sole(waits):
            pass
        postgres.emptied()  # cuts off every connection
        assert not held()
        with second.sole(lambda: None) as mine:
            assert mine()
    with first.sole(waits) as held:
        assert held()
    first.close()
    second.close()


def test_another_schema_is_another_place(postgres):
    first, second = open_database(postgres.emptied()), open_database(postgres.schema())
    with first.sole(waits) as held, second.sole(waits) as other:
        assert held() and other()
    first.close()
    second.close()
