"""What the reader makes of a sequence before the net sees it: the last steps as numbers, what is known at now, and which
errors could come again. Training and forecasting build their windows here and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.features import Floats, features, moment
from models.analyse.forecast import Step
from models.analyse.markov import BackOff

#: Steps that the net reads, and steps that counts and the Markov chain look back on.
WINDOW: Final = 32
HISTORY: Final = 128
#: Order of the chain within a history: more is never seen twice in so few steps.
ORDER: Final = 2


@dataclass(frozen=True, slots=True)
class Window:
    """T <= WINDOW `steps`, their `features` (T, 128) and `moment` (33,).

    `candidates` are places in `steps`, the last one of each distinct signature; `markov` (len(candidates) + 1,) is the
    chain's probability that the next error is of each, and, last, of none of them; sum 1.
    """

    steps: tuple[Step, ...]
    features: Floats
    moment: Floats
    candidates: tuple[int, ...]
    markov: NDArray[np.float64]


def window(steps: Sequence[Step], now: float) -> Window:
    """The window that ends at `now`; ValueError on a step of the future, on steps out of order, or on none."""
    if not steps:
        raise ValueError("a forecast needs at least one error")
    history = steps[-HISTORY:]
    if any(later.time < earlier.time for earlier, later in pairwise(history)):
        raise ValueError("the errors are not in order of time")
    if history[-1].time > now:
        raise ValueError("an error lies after the moment of the forecast")
    last = tuple(history[-WINDOW:])
    places = {step.signature: place for place, step in enumerate(last)}
    return Window(
        steps=last,
        features=features(history)[-WINDOW:],
        moment=moment(history, now),
        candidates=tuple(places.values()),
        markov=_markov([step.signature for step in history], list(places)),
    )


def _markov(signatures: Sequence[int], candidates: Sequence[int]) -> NDArray[np.float64]:
    number = {signature: place for place, signature in enumerate(dict.fromkeys(signatures))}
    sequence = [number[signature] for signature in signatures]
    chain = BackOff(ORDER, len(number) + 1)  # one more: an error that was never seen
    chain.learn(sequence)
    found = chain.probabilities(sequence)[[number[signature] for signature in candidates]]
    return np.append(found, 1 - found.sum())
