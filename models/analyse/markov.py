"""Back-off Markov chains over numbered events, smoothed after Witten and Bell (1991).

p_k(w | h) = (c(h, w) + t(h) p_{k-1}(w | h')) / (c(h) + t(h)), with c the counts after the last k events h, t the number of
distinct events seen after them and h' the last k - 1; below order 0 every event is equally likely. A context never seen
falls back to the shorter one unchanged.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class BackOff:
    """Events are numbers in [0, vocabulary)."""

    def __init__(self, order: int, vocabulary: int) -> None:
        if order < 0 or vocabulary < 1:
            raise ValueError(f"an order is at least 0 and a vocabulary 1, not {order} and {vocabulary}")
        self._order, self._vocabulary = order, vocabulary
        self._after: list[dict[tuple[int, ...], Counter[int]]] = [defaultdict(Counter) for _ in range(order + 1)]

    def learn(self, sequence: Sequence[int]) -> None:
        """Counts every event of a sequence after each of its contexts."""
        for place, event in enumerate(sequence):
            self.learn_next(sequence[max(0, place - self._order) : place], event)

    def learn_next(self, context: Sequence[int], event: int) -> None:
        """Counts one event after the ends of its context."""
        for length in range(min(len(context), self._order) + 1):
            self._after[length][tuple(context[len(context) - length :])][event] += 1

    def probabilities(self, context: Sequence[int]) -> Doubles:
        """(vocabulary,) of the next event after `context`, of which the last `order` events count; sum 1."""
        result = np.full(self._vocabulary, 1 / self._vocabulary)
        for length in range(min(len(context), self._order) + 1):
            seen = self._after[length].get(tuple(context[len(context) - length :]))
            if not seen:
                break
            result *= len(seen) / (seen.total() + len(seen))
            result[list(seen)] += np.array(list(seen.values())) / (seen.total() + len(seen))
        return result
