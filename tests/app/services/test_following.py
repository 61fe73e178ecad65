"""What follows an issue: a habit is found, chance is not taken for one, a burst is one occurrence, few show nothing."""

import json
import random

import pytest

from app.domain import NotFound
from app.services.following import beginnings
from app.storage.issues import IssueFilter

START = 1_777_629_600.0


def line(minute, message, service="orders"):
    return json.dumps({"time": START + 60 * minute, "level": "error", "service": service, "message": message})


def issue_of(parts, title):
    return next(issue for issue in parts.store.issues.page(IssueFilter(), START)[0] if title in issue.title)


@pytest.fixture
def habit(parts):
    """Every three hours the disk fills up and writes fail seven minutes later; a probe fails at random times."""
    rng, lines = random.Random(0), []
    for place in range(12):
        lines += [line(180 * place + second / 60, "no space left on device") for second in range(0, 120, 20)]
        lines.append(line(180 * place + 7, "write-ahead log cannot be flushed", "orders-db"))
    lines += [line(rng.uniform(0, 12 * 180), "liveness probe timed out", "web") for _ in range(60)]
    lines += [line(47 * place + 20, "certificate verification failed", "mail") for place in range(46)]
    rng.shuffle(lines)
    parts.ingest.text("\n".join(lines), actor="ada")
    return parts


def test_what_follows_more_often_than_chance_is_found_with_its_wait(habit):
    after = habit.following.after(issue_of(habit, "no space left").id)
    assert after.occurrences == 12
    assert [item.issue.title for item in after.followers] == ["write-ahead log cannot be flushed"]
    (follower,) = after.followers
    assert follower.times == 12 and follower.minutes == pytest.approx(7) and follower.usual == pytest.approx(30 / 180, abs=0.1)


def test_the_way_back_is_no_habit(habit):
    """The disk is full again three hours after the failed write, not within the half hour."""
    assert habit.following.after(issue_of(habit, "write-ahead").id).followers == ()


def test_few_occurrences_show_what_happened_and_no_habit(parts):
    parts.ingest.text("\n".join((line(0, "no space left on device"), line(7, "write-ahead log cannot be flushed"))), actor="ada")
    after = parts.following.after(issue_of(parts, "no space left").id)
    assert (after.occurrences, after.followers) == (1, ())
    assert [(item.issue.title, item.minutes) for item in after.last] == [("write-ahead log cannot be flushed", 7)]
    assert parts.following.after(issue_of(parts, "write-ahead").id).last == ()


def test_an_issue_that_is_not_stored_is_said(parts):
    with pytest.raises(NotFound):
        parts.following.after(7)


def test_a_burst_is_one_occurrence():
    assert beginnings([]) == []
    assert beginnings([0.0, 100.0, 650.0, 1251.0, 1251.5]) == [0.0, 1251.0]
