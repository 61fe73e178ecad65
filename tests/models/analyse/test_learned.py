"""Readings taught by labels: near ones change, far ones keep every digit, order plays no part, and undoing is exact."""

import numpy as np
import pytest

from models.analyse.learned import NONE, SUPPORT, Labelled, LearnedReader, taught, untaught
from models.records import Reading
from models.taxonomy import ACTIONS, CATEGORIES, SEVERITIES

NETWORK, CODE = CATEGORIES.index("network"), CATEGORIES.index("code")
LOW = SEVERITIES.index("low")


def unit(*values: float) -> np.ndarray:
    row = np.zeros(8, dtype=np.float32)
    row[: len(values)] = values
    return row / np.linalg.norm(row)


def reading() -> Reading:
    return Reading(
        "high", "code", 0.5, (0.1, 0.6, 0.2, 0.1), tuple(0.82 if n == CODE else 0.02 for n in range(10)),
        tuple((action, 0.1) for action in ACTIONS), "shipped@1", (("template-1", 0.8),),
    )  # fmt: skip


def labels(*vectors: np.ndarray, category: int = NETWORK, severity: int = NONE) -> Labelled:
    n = len(vectors)
    return Labelled(
        tuple(f"key{i:029d}" for i in range(n)), np.stack(vectors), np.full(n, severity), np.full(n, category)
    )


def test_a_labelled_text_reads_as_its_label_and_its_severity_is_left_where_nobody_spoke_of_it() -> None:
    one = unit(1)
    said = LearnedReader(labels(one)).read(one[None], [reading()])[0]
    assert said.category == "network" and said.category_probabilities[NETWORK] > 0.99
    assert said.severity_probabilities == reading().severity_probabilities
    assert said.evidence[0] == ("label key00000", 1.0)
    assert said.untaught == reading() == untaught(said)
    assert said.model.startswith("shipped@1+labels-1@")


def test_what_is_farther_than_the_support_is_the_same_object_of_values() -> None:
    far = np.stack([unit(SUPPORT - 0.01, np.sqrt(1 - (SUPPORT - 0.01) ** 2)), unit(0, 0, 1)])
    assert LearnedReader(labels(unit(1))).read(far, [reading(), reading()]) == [reading(), reading()]
    assert LearnedReader(labels(unit(1))).suffixes(far) == ["", ""]


def test_more_and_nearer_labels_count_more() -> None:
    at = unit(1, 0.6)
    near, far = unit(1, 0.7), unit(1, -0.4)
    share = [LearnedReader(labels(*some)).read(at[None], [reading()])[0].category_probabilities[NETWORK]
             for some in ((far,), (near,), (near, far), (near, near, far))]  # fmt: skip
    assert share == sorted(share) and len(set(share)) == 4


def test_order_and_batch_change_nothing() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(12, 8)).astype(np.float32) + 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    said = Labelled(tuple(f"{i:032x}" for i in range(12)), vectors, rng.integers(-1, 4, 12), rng.integers(-1, 10, 12))
    order = rng.permutation(12)
    turned = Labelled(tuple(said.keys[i] for i in order), vectors[order], said.severity[order], said.category[order])
    whole = LearnedReader(said).read(vectors, [reading()] * 12)
    assert LearnedReader(said).version == LearnedReader(turned).version
    again = LearnedReader(turned).read(vectors, [reading()] * 12)
    assert [one.category_probabilities for one in again] == [one.category_probabilities for one in whole]
    assert [LearnedReader(said).read(vectors[i : i + 1], [reading()])[0] for i in range(12)] == whole


def test_another_answer_to_the_same_text_is_another_version() -> None:
    one = labels(unit(1))
    other = labels(unit(1), category=CODE)
    assert LearnedReader(one).version != LearnedReader(other).version
    assert LearnedReader(one).suffixes(unit(1)[None]) != LearnedReader(other).suffixes(unit(1)[None])


def test_left_out_readings_do_not_see_their_own_label() -> None:
    alone = LearnedReader(labels(unit(1), unit(0, 1)))
    assert alone.left_out([reading(), reading()]) == [reading(), reading()]
    together = LearnedReader(labels(unit(1), unit(1, 0.2))).left_out([reading(), reading()])
    assert [one.category for one in together] == ["network", "network"]


def test_probabilities_are_probabilities_and_no_label_leaves_the_prior() -> None:
    prior = np.full((3, 4), 0.25)
    weights = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]])
    found, share = taught(weights, prior, np.array([LOW, 0]))
    assert found.sum(axis=1) == pytest.approx(np.ones(3))
    assert found[0] == pytest.approx(prior[0]) and share[0] == 0
    assert share[2] > share[1] > 0
