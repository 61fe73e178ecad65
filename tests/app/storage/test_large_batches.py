"""Batches of any size: every event whole and in order, issues counted, many rows a statement."""

import pytest
from sqlalchemy import event, text

from app.storage.ingestion import ROWS


@pytest.mark.parametrize("count", [1, 9, 111, 999, 1_000, 2_345])
def test_every_event_of_a_batch_is_stored_as_it_came(store, put, count):
    assert put(store, *(f"took {number} ms" for number in range(count)), identity=100).stored == count
    with store.database.read() as connection:
        rows = connection.execute(
            text("SELECT raw, time, identity, service, level, format FROM events ORDER BY id")
        ).all()
    assert rows == [
        (f"took {number} ms", 1000.0 + number, 100 + number, "orders", "error", "plain") for number in range(count)
    ]
    assert (store.issues.get(1).count, store.issues.get(1).last_seen) == (count, 999.0 + count)


def test_times_are_kept_to_the_last_bit(store, put):
    put(store, "x y", time=1674981729.4870002)
    issue = store.issues.get(1)
    assert issue.first_seen == issue.last_seen == 1674981729.4870002


def test_a_batch_of_many_issues_takes_few_statements(store, put):
    words = [f"{one}{other} failed" for one in "abcdefghijklmnopqrst" for other in "abcdefghijklmnop"]
    put(store, *words)
    seen = []
    event.listen(store.database._writer, "before_cursor_execute", lambda *args: seen.append(args[-1]))
    assert put(store, *words, time=5000.0).stored == len(words) == 320
    assert len(seen) < 25
    assert not any(seen)  # `executemany` gives the interpreter away at every row
    assert {store.issues.get(number).count for number in range(1, 321)} == {2}
    assert ROWS[-1] == 1
