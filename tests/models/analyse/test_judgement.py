"""From a reading and a level to a severity: the level moves it by a step at most, and says why."""

import itertools

import pytest

from models.analyse.judgement import SURE, judge, louder, rank
from models.taxonomy import LEVELS, SEVERITIES

CONFIDENCES = (0.0, SURE - 0.01, SURE, 1.0)


@pytest.mark.parametrize(
    ("severity", "confidence", "level", "trace", "shown", "routine"),
    [
        ("critical", 0.9, "", False, "critical", False),
        ("low", 0.1, "", False, "low", False),
        ("high", 0.9, "info", False, "medium", False),
        ("high", 0.5, "info", False, "low", True),
        ("medium", 0.9, "debug", False, "low", True),
        ("high", 0.5, "info", True, "high", False),
        ("critical", 0.5, "warning", False, "high", False),
        ("critical", 0.6, "warning", False, "critical", False),
        ("low", 0.9, "error", False, "medium", False),
        ("medium", 0.9, "critical", False, "high", False),
        ("critical", 0.1, "critical", False, "critical", False),
    ],
)
def test_the_level_moves_the_reading(severity, confidence, level, trace, shown, routine):
    judgement = judge(severity, confidence, level, trace)
    assert (judgement.severity, judgement.routine) == (shown, routine)
    assert judgement.why


def test_only_quiet_lines_without_a_trace_are_routine():
    for severity, confidence, level, trace in itertools.product(SEVERITIES, CONFIDENCES, ("", *LEVELS), (False, True)):
        judgement = judge(severity, confidence, level, trace)
        assert judgement.severity in SEVERITIES
        if judgement.routine:
            assert level in ("trace", "debug", "info", "notice") and not trace and judgement.severity == "low"


def test_a_louder_level_never_makes_an_error_less_urgent():
    for severity, confidence, trace in itertools.product(SEVERITIES, CONFIDENCES, (False, True)):
        ranks = [rank(judge(severity, confidence, level, trace).severity) for level in LEVELS]
        assert ranks == sorted(ranks, reverse=True), (severity, confidence, trace)


def test_the_louder_of_two():
    assert [louder("error", "info"), louder("", "trace"), louder("critical", ""), louder("", "")] == [
        "error",
        "trace",
        "critical",
        "",
    ]
    assert [rank(severity) for severity in SEVERITIES] == [0, 1, 2, 3]


def test_a_guess_alone_wakes_nobody_but_a_level_or_a_trace_speaks_for_it():
    assert judge("critical", 0.08, "").severity == "medium"
    assert not judge("critical", 0.08, "").routine
    assert judge("critical", 0.2, "").severity == "critical"
    assert judge("critical", 0.08, "error").severity == "critical"
    assert judge("critical", 0.08, "", has_trace=True).severity == "critical"
