"""The sample incident: a pure function of seed and end, believable in size, with a truth that its logs bear out.

UPDATE_GOLDEN=1 writes the shipped files (all but README.md and TRUTH.md) anew.
"""

import json
import os
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from models.simulate.shop_incident import SAMPLE_SEED, SHIPPED_END, Incident, Moment, generate
from models.simulate.shop_timeline import STAGES, WINDOW, timeline
from models.simulate.shop_topology import CALLS, SERVICES

FOLDER = Path(__file__).parents[3] / "sample_data" / "incident"

_STAMPS = (
    (re.compile(r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)[.,](\d{3})"), None),
    (re.compile(r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) "), "%Y/%m/%d %H:%M:%S"),
    (re.compile(r"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) "), "%Y %b %d %H:%M:%S"),
    (re.compile(r'^\{"level":\d+,"time":(\d+)'), "milliseconds"),
)


def stamp(line: str) -> float | None:
    """The line's time, UTC seconds, as precise as its format; None for a line of a trace."""
    for pattern, layout in _STAMPS:
        match = pattern.match(line)
        if not match:
            continue
        if layout == "milliseconds":
            return int(match[1]) / 1000
        if layout is None:
            return datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp() + int(match[2]) / 1000
        text = f"2026 {match[1]}" if layout.startswith("%Y %b") else match[1]
        return datetime.strptime(text, layout).replace(tzinfo=UTC).timestamp()
    return None


def stamps(text: str) -> list[float]:
    return [time for time in map(stamp, text.splitlines()) if time is not None]


def without_stamps(text: str) -> str:
    for pattern, _ in _STAMPS:
        text = re.compile(pattern.pattern, re.MULTILINE).sub("", text)
    return text


def relative(seconds: float) -> str:
    """The time as "T-2:36:05" for 9,365 s before the end."""
    whole = round(-seconds)
    return f"T-{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def at(moments: tuple[Moment, ...], kind: str, service: str) -> float:
    return next(moment.time for moment in moments if moment.kind == kind and moment.service == service)


def shipped(incident: Incident) -> dict[str, str]:
    return {**incident.files, "topology.json": json.dumps(incident.topology, indent=1) + "\n"}


@pytest.fixture(scope="module")
def incident() -> Incident:
    return generate(SAMPLE_SEED, SHIPPED_END)


def test_the_same_seed_tells_the_same_day_and_another_seed_another(incident):
    assert generate(SAMPLE_SEED, SHIPPED_END) == incident
    assert generate(SAMPLE_SEED + 1, SHIPPED_END).files != incident.files


@pytest.mark.parametrize("shift", [1, -86_400, 11_111_111])
def test_another_end_moves_the_stamps_and_nothing_else(incident, shift):
    moved = generate(SAMPLE_SEED, SHIPPED_END + shift)
    assert {name: without_stamps(text) for name, text in moved.files.items()} == {
        name: without_stamps(text) for name, text in incident.files.items()}
    assert [moment.time - shift for moment in moved.truth] == pytest.approx([moment.time for moment in incident.truth])
    for name in ("cart.jsonl", "orders.log"):
        assert stamps(moved.files[name]) == pytest.approx([time + shift for time in stamps(incident.files[name])])


def test_a_fraction_of_a_second_in_the_end_is_cut(incident):
    assert generate(SAMPLE_SEED, SHIPPED_END + 0.987).files == incident.files


@pytest.mark.parametrize("seed", [SAMPLE_SEED, 0, 1, 2])
def test_a_day_has_about_five_thousand_lines_and_no_empty_file(seed):
    incident = generate(seed, SHIPPED_END)
    assert 4_500 <= incident.lines <= 6_000
    assert incident.lines == sum(len(text.splitlines()) for text in incident.files.values())
    assert all(text.strip() and text.endswith("\n") for text in incident.files.values())


def test_stamps_are_sorted_and_inside_the_window(incident):
    for name, text in incident.files.items():
        times = stamps(text)
        assert times == sorted(times), name
        assert times[0] >= SHIPPED_END - WINDOW and times[-1] <= SHIPPED_END, name
        assert times[-1] - times[0] > 0.9 * WINDOW, name


def test_services_files_formats_and_calls_fit_together(incident):
    logging = [service for service in SERVICES if service.file]
    assert [service.file for service in logging] == list(incident.files)
    assert len(logging) == 15 and len({service.format for service in logging}) == 8
    assert all(service.file.partition(".")[0] == service.name for service in logging)
    names = {service["name"] for service in incident.topology["services"]}
    assert all({call["from"], call["to"]} <= names for call in incident.topology["calls"])
    assert len(CALLS) == len({(call.caller, call.callee) for call in CALLS}) == len(incident.topology["calls"])


def test_json_lines_are_objects_that_name_their_service(incident):
    for name in ("cart.jsonl", "storefront.jsonl"):
        rows = [json.loads(line) for line in incident.files[name].splitlines()]
        assert {row["service"] for row in rows} == {name.removesuffix(".jsonl")}
        assert any("\n    at " in row["err"]["stack"] for row in rows if "err" in row)


def test_no_slot_is_left_unfilled(incident):
    assert not any(re.search(r"\{[a-z]+(:[^}]*)?\}", text) for text in incident.files.values())


def test_only_reserved_domains_and_addresses(incident):
    text = "\n".join(incident.files.values())
    addresses = set(re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", text))
    assert all(re.match(r"10\.|203\.0\.113\.|198\.51\.100\.|0\.0\.0\.0", address) for address in addresses)
    domains = set(re.findall(r"https?://([a-z][a-z.-]+\.[a-z]+)", text))
    assert all(re.search(r"(\.example|example\.(com|net|org)|\.internal)$", domain) for domain in domains)


@pytest.mark.parametrize("seed", range(20))
def test_stages_keep_their_order_for_every_seed(seed):
    times = list(timeline(seed).values())
    assert all(earlier < later for earlier, later in pairwise(times))


def test_the_failure_travels_from_the_disk_to_the_front_page_minutes_a_step(incident):
    chain = ("orders-db", "orders", "checkout", "payments", "order-queue", "gateway", "storefront")
    failed = [at(incident.truth, "first_failure", name) for name in chain]
    assert at(incident.truth, "root_cause", "orders-db") < at(incident.truth, "warning", "orders-db") < failed[0]
    assert all(later - earlier > 60 for earlier, later in pairwise(failed))


def test_the_cascade_peaks_late_and_is_over_before_the_end(incident):
    before = {moment.what: SHIPPED_END - moment.time for moment in incident.truth}
    assert 3_600 < before["the front page fails with 502 and 503"] < 2.5 * 3_600
    assert 15 * 60 < before["backlog worked off: the incident is over"] < 25 * 60


def test_every_moment_has_its_line_and_every_failed_service_recovers(incident):
    files = {service.name: service.file for service in SERVICES}
    for moment in incident.truth:
        times = stamps(incident.files[files[moment.service]])
        assert any(abs(time - moment.time) < 1 for time in times), moment
    failed = {moment.service for moment in incident.truth if moment.kind == "first_failure"}
    assert failed == {moment.service for moment in incident.truth if moment.kind == "recovery"}


def test_causes_follow_the_calls(incident):
    calls = {(call.caller, call.callee) for call in CALLS}
    failures = [moment for moment in incident.truth if moment.kind == "first_failure" and moment.cause]
    assert failures and all((moment.service, moment.cause) in calls for moment in failures)


def test_the_coupon_defect_begins_with_its_release(incident):
    rows = [json.loads(line) for line in incident.files["cart.jsonl"].splitlines()]
    errors = [row for row in rows if row.get("err", {}).get("type") == "TypeError"]
    release = next(row for row in rows if row.get("event") == "deployment")
    assert "4.12.0" in release["msg"]
    assert {row["version"] for row in errors} == {"4.12.0"}
    assert min(row["time"] for row in errors) > release["time"]
    assert 40 <= len(errors) <= 120


def test_normal_traffic_falls_away_while_a_service_is_down(incident):
    down, up = (at(incident.truth, kind, "orders") for kind in ("first_failure", "recovery"))
    created = [stamp(line) for line in incident.files["orders.log"].splitlines() if " created for customer " in line]
    assert created and not any(down <= time < up for time in created)


def test_the_shipped_files_are_what_the_seed_gives(incident):
    files = shipped(incident)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        for name, text in files.items():
            (FOLDER / name).write_bytes(text.encode())
    for name, text in files.items():
        assert (FOLDER / name).read_bytes() == text.encode(), f"{name}: UPDATE_GOLDEN=1 writes it anew"
    assert {path.name for path in FOLDER.iterdir()} == {*files, "README.md", "TRUTH.md"}


def test_the_pages_beside_them_say_what_is_in_them(incident):
    truth, readme = ((FOLDER / name).read_text(encoding="utf-8") for name in ("TRUTH.md", "README.md"))
    for stage in STAGES:
        row = f"| {relative(timeline(SAMPLE_SEED)[stage.name])} | {stage.service} | {stage.kind} | {stage.what} |"
        assert row in truth
    assert f"seed {SAMPLE_SEED}" in truth
    assert f"{incident.lines:,} lines" in readme
    for name, text in incident.files.items():
        assert re.search(rf"\| {re.escape(name)} \|.*\| {text.count(chr(10)):,} \|", readme), name
