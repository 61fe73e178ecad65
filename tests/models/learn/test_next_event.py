"""The net on numbered events: it learns a rule that looks two events back, and the length of a batch changes nothing."""

import numpy as np

from models.learn.next_event import fit


def items(n, seed):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        first = int(rng.integers(2))
        context = (*rng.integers(2, 5, int(rng.integers(0, 4))).tolist(), first, int(rng.integers(2, 5)))
        found.append((context, 5 + first))
    return found


def test_it_learns_a_rule_and_asks_alone_as_in_a_batch():
    model = fit(items(1500, 0), items(200, 1), 7, seed=0)
    asked = items(100, 2)
    said = model.probabilities([context for context, _ in asked])
    assert np.allclose(said.sum(axis=1), 1)
    assert (said.argmax(axis=1) == [event for _, event in asked]).mean() > 0.95
    assert np.allclose(model.probabilities([asked[3][0]])[0], said[3], atol=1e-5)
    assert model.probabilities([()]).shape == (1, 7)
