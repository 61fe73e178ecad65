"""The blend of network and kernel reader, and the network's shipped files."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from models.analyse.blend import blended, fit_blend, of_network
from models.analyse.token_head import CARD, TERMS, WEIGHTS, HeadUnusable, Outputs, TokenHead
from models.records import Reading
from models.taxonomy import ACTIONS, CATEGORIES, SEVERITIES

ROWS = 300
PLAIN = {"weight": np.array([0.5, 0.5]), "temperature": np.ones(2), "confidence": np.zeros(5)}


def reading(severity: np.ndarray, category: np.ndarray, confidence: float = 0.5) -> Reading:
    return Reading(SEVERITIES[int(severity.argmax())], CATEGORIES[int(category.argmax())], confidence, tuple(severity),
                   tuple(category), tuple((action, 0.1) for action in ACTIONS), "kernel", (("t", 0.7),))


def one_hot(labels: np.ndarray, classes: int, sure: np.ndarray) -> np.ndarray:
    """(n, classes): `sure` on the label, the rest shared out."""
    rows = np.repeat((1 - sure)[:, None] / (classes - 1), classes, axis=1)
    rows[np.arange(len(labels)), labels] = sure
    return rows


@pytest.fixture(scope="module")
def told() -> tuple[list[Reading], list[Outputs], np.ndarray, np.ndarray]:
    """A kernel that knows severity and guesses category, a network the other way round; the last 60 are no errors."""
    rng = np.random.default_rng(0)
    severity, category = rng.integers(0, 4, ROWS), rng.integers(0, 10, ROWS)
    good, bad = np.full(ROWS, 0.8), np.full(ROWS, 0.4)
    good[240:] = bad[240:] = 0.3
    kernel = one_hot(severity, 4, good), one_hot(rng.integers(0, 10, ROWS), 10, bad)
    network = one_hot(rng.integers(0, 4, ROWS), 4, bad), one_hot(category, 10, good)
    readings = [reading(s, c) for s, c in zip(*kernel, strict=True)]
    outputs = [Outputs(np.log(s), np.log(c), 0.5) for s, c in zip(*network, strict=True)]
    return readings, outputs, severity[:240], category[:240]


def test_it_takes_from_each_what_each_knows(told) -> None:
    readings, outputs, severity, category = told
    state = fit_blend(readings, outputs, severity, category)
    assert state["weight"][0] < 0.4
    assert state["weight"][1] > 0.6
    answers = blended(readings, outputs, state, "blend@1")[:240]
    assert np.mean([a.severity == SEVERITIES[s] and a.category == CATEGORIES[c]
                    for a, s, c in zip(answers, severity, category, strict=True)]) > 0.9
    assert {a.model for a in answers} == {"blend@1"}


def test_what_is_no_error_is_less_sure(told) -> None:
    readings, outputs, severity, category = told
    sure = np.array([a.confidence for a in blended(readings, outputs, fit_blend(readings, outputs, severity, category), "")])
    assert sure[:240].mean() > 0.8
    assert sure[240:].mean() < 0.2


def test_ranges_and_what_stays_the_kernel_s(told) -> None:
    readings, outputs, *_ = told
    for mixed in (blended(readings, outputs, PLAIN, "x")[0], of_network(outputs, readings, "x")[0]):
        assert sum(mixed.severity_probabilities) == pytest.approx(1, abs=1e-3)
        assert sum(mixed.category_probabilities) == pytest.approx(1, abs=1e-3)
        assert 0 <= mixed.confidence <= 1
        assert (mixed.actions, mixed.evidence) == (readings[0].actions, readings[0].evidence)


def test_the_batch_does_not_matter(told) -> None:
    readings, outputs, *_ = told
    assert blended(readings[:5], outputs[:5], PLAIN, "") == [blended([r], [o], PLAIN, "")[0]
                                                             for r, o in zip(readings[:5], outputs[:5], strict=True)]
    assert blended([], [], PLAIN, "") == []


def test_neither_can_rule_a_class_out_alone(told) -> None:
    readings, outputs, *_ = told
    never = replace(readings[0], category_probabilities=(0.0,) * 9 + (1.0,))
    sure = Outputs(outputs[0].severity, np.array([30.0] + [0.0] * 9), 0.5)
    assert np.isfinite(blended([never], [sure], PLAIN, "")[0].category_probabilities).all()


def test_a_blend_fitted_where_all_is_right_still_answers(told) -> None:
    _, outputs, severity, category = told
    few = [reading(one_hot(severity[:3], 4, np.full(3, 0.9))[i], one_hot(category[:3], 10, np.full(3, 0.9))[i]) for i in range(3)]
    state = fit_blend(few, [Outputs(np.log(r.severity_probabilities), np.log(r.category_probabilities), 0.9) for r in few],
                      severity[:3], category[:3])
    assert all(0 <= a.confidence <= 1 for a in blended(few, outputs[:3], state, ""))


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    weights, terms = save({"blend.weight": np.ones(2)}), b"x509\n"
    (tmp_path / WEIGHTS).write_bytes(weights)
    (tmp_path / TERMS).write_bytes(terms)
    files = {name: hashlib.sha256(data).hexdigest() for name, data in ((WEIGHTS, weights), (TERMS, terms))}
    (tmp_path / CARD).write_text(json.dumps({"files": files, "heads": 12, "trunk_sha256": "ab", "version": "v"}))
    return tmp_path


def test_whole_files_load(shipped: Path) -> None:
    head = TokenHead.load(shipped)
    assert (head.version, head.trunk, head.blend["weight"].tolist()) == ("v", "ab", [1, 1])


@pytest.mark.parametrize("name", [WEIGHTS, TERMS])
def test_a_damaged_file_is_named_and_what_to_do(shipped: Path, name: str) -> None:
    (shipped / name).write_bytes((shipped / name).read_bytes()[:-1] + b"!")
    with pytest.raises(HeadUnusable, match=f"{name} in .* is damaged.*stacklens train classifier"):
        TokenHead.load(shipped)


@pytest.mark.parametrize("break_it", [lambda f: f.unlink(), lambda f: f.write_text("{"), lambda f: f.write_text('{"heads": 12}')])
def test_a_card_that_is_not_there_or_says_nothing(shipped: Path, break_it) -> None:
    break_it(shipped / CARD)
    with pytest.raises(HeadUnusable, match="cannot be read"):
        TokenHead.load(shipped)
