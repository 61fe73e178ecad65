"""The map's figure: ids travel with their points, text is never markup, nothing is lost on the way."""

import numpy as np
import pytest

from app.services.map import ErrorMap, Family
from app.storage.map import MapRow
from components import error_map
from components.error_map import COLOURS, figure, frame, hover
from models.taxonomy import SEVERITIES

HOSTILE = "<b>bold</b> <a href='http://evil.example'>x</a> & &lt;i&gt; %{x} <extra>"


def example(n=8, text="disk <*> full"):
    rows = tuple(
        MapRow(
            id=100 + i,
            issue_id=i // 2,
            text=text,
            severity=SEVERITIES[i % 4],
            category=("storage", "network")[i % 2],
            strangeness=i / n,
            service="" if i % 3 == 0 else f"<b>svc-{i % 3}</b>",
            first_seen=1000.0 * i,
            last_seen=1000.0 * i + 5,
            status="open",
            routine=False,
            muted_until=None,
            mute_per_hour=None,
        )
        for i in range(n)
    )
    points = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    labels = np.array([0 if i < n // 2 else -1 for i in range(n)], dtype=np.int32)
    return frame(ErrorMap(rows, points, labels, (Family(0, "disk full <b>", n // 2, 0.0),), "UMAP", 0.9))


def everything(points):
    return np.ones(len(points), dtype=bool)


@pytest.mark.parametrize("colour", COLOURS)
def test_every_point_is_drawn_once_with_its_own_id_and_its_shape(colour):
    points = example()
    drawn = {}
    for trace in figure(points, everything(points), colour).data:
        for x, y, signature, symbol in zip(trace.x, trace.y, trace.customdata, trace.marker.symbol, strict=True):
            drawn[int(signature)] = (x, y, symbol)
    assert len(drawn) == len(points)
    for row in points.itertuples():
        assert drawn[row.id] == (row.x, row.y, error_map._SYMBOL[row.severity])


def test_shapes_tell_the_severities_apart_without_colour():
    assert len(set(error_map._SYMBOL.values())) == 4 == len(error_map._SYMBOL)


def test_hostile_text_is_shown_as_text():
    shown = hover(HOSTILE, ("storage", HOSTILE), "high", 300)
    assert "<b>" not in shown and "<a" not in shown and "<extra>" not in shown
    assert shown.replace("<br>", "").count("<") == 0
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown and "&amp;lt;i&amp;gt;" in shown


@pytest.mark.parametrize("colour", COLOURS)
def test_names_of_groups_and_families_hold_no_markup(colour):
    points = example(text=HOSTILE)
    made = figure(points, everything(points), colour)
    words = [str(trace.name) for trace in made.data] + [note.text for note in made.layout.annotations]
    words += [line.replace("<br>", "") for trace in made.data for line in trace.text]
    assert words and not any("<" in word for word in words)
    assert [note.text for note in made.layout.annotations] == ["disk full &lt;b&gt;"]


def test_a_long_text_is_cut_before_it_is_escaped():
    assert hover("<" * 500, (), "low", 50).count("&lt;") == 49


def test_what_is_filtered_out_stays_in_grey_without_an_id():
    points = example()
    shown = (points.severity == "critical").to_numpy()
    rest, *drawn = figure(points, shown, "severity").data
    assert rest.name == "filtered out" and len(rest.x) == 6 and rest.customdata is None and rest.hoverinfo == "skip"
    assert sorted(int(i) for trace in drawn for i in trace.customdata) == [100, 104]


def test_marked_points_are_selected_and_the_others_grey():
    points = example()
    for trace in figure(points, everything(points), "category", {101, 102}).data:
        selected = {int(trace.customdata[place]) for place in trace.selectedpoints}
        assert selected == {101, 102} & {int(i) for i in trace.customdata}
        assert trace.unselected.marker.opacity < trace.marker.opacity
    assert all(trace.selectedpoints is None for trace in figure(points, everything(points), "category").data)


def test_a_figure_of_nothing_and_of_one_point():
    points = example()
    assert figure(points, ~everything(points), "first seen").layout.height == error_map.HEIGHT
    one = example(1)
    assert [int(i) for i in figure(one, everything(one), "first seen").data[0].customdata] == [100]


def test_very_many_are_a_heat_map_of_all_under_a_sample(monkeypatch):
    monkeypatch.setattr(error_map, "MOST_DRAWN", 300)
    monkeypatch.setattr(error_map, "_SAMPLE", 50)
    points = example(400)
    heat, *dots = figure(points, everything(points), "severity", {100}).data
    assert heat.type == "heatmap"
    assert round(float(np.nansum(10 ** np.asarray(heat.z, dtype=float)))) == 400
    drawn = [int(i) for trace in dots for i in trace.customdata]
    assert 50 <= len(drawn) <= 51 and 100 in drawn
