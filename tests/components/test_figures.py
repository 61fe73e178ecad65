"""Figures: every count is drawn once, and labels hold no markup."""

from app.storage.overview import Cell
from components.figures import by_service, over_time


def test_over_time_keeps_every_count_in_its_bucket() -> None:
    figure = over_time([Cell("0", "high", 3), Cell("3", "high", 1), Cell("3", "low", 2)], 0.0, 400.0, 4, "UTC")
    drawn = {trace.name: list(trace.y) for trace in figure.data}
    assert drawn["▲ high"] == [3, 0, 0, 1]
    assert drawn["○ low"] == [0, 0, 0, 2]
    assert drawn["◆ critical"] == [0, 0, 0, 0]


def test_services_with_most_events_come_first_and_names_are_no_markup() -> None:
    cells = [Cell("a", "high", 1), Cell("<b>x</b>", "high", 5), Cell("", "low", 2)]
    figure = by_service(cells)
    assert list(figure.data[0].y) == ["‹b>x‹/b>", "(none)", "a"]
    assert sum(sum(trace.x) for trace in figure.data) == 8
