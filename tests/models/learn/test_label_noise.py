"""Suspected label errors: flipped labels are found, clean ones left alone, and no label judges itself."""

import numpy as np

from models.learn.label_noise import cross_validated, suspects


def test_flipped_labels_come_first_and_clean_ones_are_left() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 120)
    probabilities = 0.1 + 0.7 * np.eye(3)[truth] + 0.002 * rng.random((120, 3))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    labels = truth.copy()
    flipped = [3, 40, 77]
    labels[flipped] = (truth[flipped] + 1) % 3
    found = suspects(labels, probabilities)
    assert sorted(one.item for one in found) == flipped
    assert [one.better for one in sorted(found, key=lambda one: one.item)] == truth[flipped].tolist()
    assert all(0 < one.margin <= 1 for one in found)
    assert suspects(truth, probabilities) == []


def test_every_item_is_read_by_a_reader_without_it() -> None:
    seen = []

    def read(teach: np.ndarray, rest: np.ndarray) -> np.ndarray:
        seen.append(not set(teach.tolist()) & set(rest.tolist()))
        return np.tile([[0.5, 0.5]], (len(rest), 1)) + rest[:, None]

    items, probabilities = cross_validated(23, read, seed=1)
    assert all(seen) and items.tolist() == list(range(23))
    assert probabilities[:, 0].tolist() == [n + 0.5 for n in range(23)]
