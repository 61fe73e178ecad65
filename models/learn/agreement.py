"""How far people agree about the same items, beyond chance."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

#: Item -> person -> answer.
Answers = Mapping[int, Mapping[str, str]]


def cohen(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa (1960) of two people over the items that both answered; 1 = always agree, 0 = as chance would.

    Not a number where there is no item; 1 where both gave one and the same answer throughout.
    """
    if not pairs:
        return float("nan")
    one, other = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    seen = sum(first == second for first, second in pairs) / len(pairs)
    chance = sum(one[answer] * other[answer] for answer in one) / len(pairs) ** 2
    return 1.0 if chance == 1 else (seen - chance) / (1 - chance)


def krippendorff(answers: Answers, order: Sequence[str] = ()) -> float:
    """Krippendorff's alpha (2011) over items with two answers or more, any number of people, gaps allowed.

    Nominal; ordinal where `order` names the answers from one end to the other. Not a number without a pair; 1 where every
    answer is the same.
    """
    values = list(order) or sorted({answer for said in answers.values() for answer in said.values()})
    place = {value: number for number, value in enumerate(values)}
    coincidence = np.zeros((len(values), len(values)))
    for said in answers.values():
        places = [place[answer] for answer in said.values()]
        for i, first in enumerate(places):
            for j, second in enumerate(places):
                if i != j:
                    coincidence[first, second] += 1 / (len(places) - 1)
    total = coincidence.sum()
    if total == 0:
        return float("nan")
    marginal = coincidence.sum(axis=1)
    distance = _distances(marginal, ordinal=bool(order))
    expected = (np.outer(marginal, marginal) * distance).sum() / (total - 1)
    return 1.0 if expected == 0 else float(1 - (coincidence * distance).sum() / expected)


def _distances(
    marginal: np.ndarray[tuple[int, ...], np.dtype[np.float64]], *, ordinal: bool
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(v, v) squared distances: all 1 off the diagonal, or by how many answers lie between two."""
    size = len(marginal)
    if not ordinal:
        return 1 - np.eye(size)
    below = np.concatenate([[0.0], marginal.cumsum()])
    middle = below[:-1] + marginal / 2  # sum of n_g from one to the other, less half of both ends
    return np.asarray((middle[:, None] - middle[None, :]) ** 2, dtype=np.float64)
