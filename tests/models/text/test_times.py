"""Timestamps: each spelling to its second, and what was assumed said in words."""

import pytest

from models.text.times import NO_DATE, NO_ZONE, UNREADABLE, Times, epoch

#: 2026-03-04 05:06:07 UTC.
THEN = 1_772_600_767.0
NOW = THEN + 3_600


@pytest.mark.parametrize(("text", "time", "note"), [
    ("2026-03-04T05:06:07Z", THEN, ""),
    ("2026-03-04 05:06:07,250", THEN + 0.25, NO_ZONE),
    ("2026-03-04T05:06:07.250000001+01:00", THEN - 3_600 + 0.25, ""),
    ("2026-03-04T05:06:07-0530", THEN + 19_800, ""),
    ("2026-03-04 05:06:07 UTC", THEN, ""),
    ("2026-03-04 05:06:07 PST", THEN + 28_800, "PST read as UTC-8"),
    ("2026-03-04 05:06:07 XYZ", THEN, "zone XYZ unknown: UTC assumed"),
    ("2026/03/04 05:06:07", THEN, NO_ZONE),
    ("2026-03-04-05.06.07.250000", THEN + 0.25, NO_ZONE),
    ("20260304T050607Z", THEN, ""),
    ("20260304-05:06:07:250", THEN + 0.25, NO_ZONE),
    ("2026-03-04", THEN - 18_367, NO_ZONE),
    ("04/Mar/2026:05:06:07 +0000", THEN, ""),
    ("04-Mar-2026 05:06:07.250", THEN + 0.25, NO_ZONE),
    ("Wed, 04 Mar 2026 05:06:07 GMT", THEN, ""),
    ("Wed Mar  4 05:06:07 2026", THEN, NO_ZONE),
    ("Wed Mar  4 05:06:07.250000 2026", THEN + 0.25, NO_ZONE),
    ("Mar 4, 2026 5:06:07 AM", THEN, NO_ZONE),
    ("03/04/2026 05:06:07", THEN, NO_ZONE),
    ("26/03/04 05:06:07", THEN, NO_ZONE),
    ("260304 050607", THEN, NO_ZONE),
    ("1772600767", THEN, ""),
    ("1772600767.25", THEN + 0.25, ""),
    ("1772600767250", THEN + 0.25, ""),
    ("1772600767250000", THEN + 0.25, ""),
    ("1772600767250000000", THEN + 0.25, ""),
    ("Mar  4 05:06:07", THEN, f"no year: 2026 assumed; {NO_ZONE}"),
    ("03-04 05:06:07.250", THEN + 0.25, f"no year: 2026 assumed; {NO_ZONE}"),
    ("05:06:07.250", None, NO_DATE),
    ("2026-06-30T23:59:60Z", 1_782_864_000.0, ""),
    ("2026-13-45 05:06:07", None, UNREADABLE),
    ("2026-02-29 05:06:07", None, UNREADABLE),
    ("0001-01-01T00:00:00Z", None, UNREADABLE),
    ("soon", None, UNREADABLE),
    ("1" * 100_000, None, UNREADABLE),
])
def test_a_text_gives_its_second(text: str, time: float | None, note: str) -> None:
    stamp = Times(NOW).read(text)
    assert stamp.note == note
    assert stamp.time == (time if time is None else pytest.approx(time, abs=1e-5))


def test_a_time_without_a_year_is_at_most_a_day_ahead() -> None:
    new_year = 1_767_225_600.0  # 2026-01-01
    assert Times(new_year).read("Dec 31 23:00:00") == (new_year - 3_600, f"no year: 2025 assumed; {NO_ZONE}")
    assert Times(new_year - 60).read("Jan  1 00:00:00").time == new_year
    assert Times(new_year).read("Feb 29 00:00:00").note.startswith("no year: 2024")
    assert Times(new_year).read("Feb 30 00:00:00").note == UNREADABLE


@pytest.mark.parametrize("now", [0.0, -1.0, 1e18, float("nan"), float("inf")])
def test_any_clock_will_do(now: float) -> None:
    assert Times(now).read("2026-03-04T05:06:07Z").time == THEN
    Times(now).read("Mar  4 05:06:07")


@pytest.mark.parametrize("value", [0, -5, 17, 1e25, float("inf"), float("nan")])
def test_a_number_that_is_no_date(value: float) -> None:
    assert epoch(value).time is None
