"""ErrorFlowLSTM on numbered events: the last few in, the probabilities of the next out.

The same net with a learnt vector for each event instead of a text's embedding, and one class for each event that can come.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.learn.cascade import one_thread
from models.nets.error_flow_lstm import ErrorFlowLSTM

#: Events that are looked back on.
CONTEXT: Final = 10
VECTOR: Final = 32
HIDDEN: Final = 64
LAYERS: Final = 2
BATCH: Final = 128
LEARNING_RATE: Final = 3e-3
#: Epochs at most, and those without gain after which it stops.
EPOCHS, PATIENCE = 12, 2
#: Items of an epoch at most: more are drawn anew each time.
EPOCH: Final = 20_000

Doubles = NDArray[np.float64]
#: The events before, and the one that came.
Item = tuple[tuple[int, ...], int]


class NextEvent(nn.Module):
    """Events are numbers in [0, vocabulary); `vocabulary` itself stands for the beginning of a sequence."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.vector = nn.Embedding(vocabulary + 1, VECTOR)
        self.net = ErrorFlowLSTM(VECTOR, HIDDEN, LAYERS, embedding=VECTOR, moment=0, classes=vocabulary, horizon=1)

    def forward(self, events: Tensor, length: Tensor) -> Tensor:
        """`events` (B, T) int64 and how many of each row are real -> (B, vocabulary) logits."""
        mask = torch.arange(events.shape[1]) < length[:, None]
        logits: Tensor = self.net(self.vector(events), mask, torch.zeros(len(events), 0)).incident
        return logits

    @torch.no_grad()
    def probabilities(self, contexts: Sequence[tuple[int, ...]]) -> Doubles:
        """(n, vocabulary), rows sum to 1."""
        self.eval()
        rows = []
        with one_thread():
            for first in range(0, len(contexts), 512):
                logits = self(*_batch(contexts[first : first + 512], self.vocabulary))
                rows.append(logits.double().softmax(dim=1).numpy())
        return np.concatenate(rows) if rows else np.zeros((0, self.vocabulary))


def fit(items: Sequence[Item], check: Sequence[Item], vocabulary: int, *, seed: int) -> NextEvent:
    """Trained on items, each as often as it is given; keeps the epoch of the largest likelihood on `check`."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        model = NextEvent(vocabulary)
        optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=1e-3)
        best, since, kept = np.inf, 0, model.state_dict()
        for _ in range(EPOCHS):
            _epoch(model, items, rng.permutation(len(items))[:EPOCH], optimiser)
            loss = _loss(model, check or items)
            if loss < best:
                best, since, kept = loss, 0, {name: value.clone() for name, value in model.state_dict().items()}
            else:
                since += 1
            if since >= PATIENCE:
                break
        model.load_state_dict(kept)
    return model.eval()


def _epoch(model: NextEvent, items: Sequence[Item], order: NDArray[np.int64], optimiser: torch.optim.Optimizer) -> None:
    model.train()
    for first in range(0, len(order), BATCH):
        chosen = [items[place] for place in order[first : first + BATCH]]
        optimiser.zero_grad()
        logits = model(*_batch([context for context, _ in chosen], model.vocabulary))
        loss = nn.functional.cross_entropy(logits, torch.tensor([event for _, event in chosen]))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()


def _loss(model: NextEvent, items: Sequence[Item]) -> float:
    found = model.probabilities([context for context, _ in items])
    return float(-np.log(np.maximum(found[np.arange(len(items)), [event for _, event in items]], 1e-12)).mean())


def _batch(contexts: Sequence[tuple[int, ...]], start: int) -> tuple[Tensor, Tensor]:
    """The beginning stands before a context that is shorter than CONTEXT, so that none is empty."""
    rows = [context[-CONTEXT:] if len(context) >= CONTEXT else (start, *context) for context in contexts]
    length = torch.tensor([len(row) for row in rows])
    events = torch.zeros(len(rows), int(length.max()), dtype=torch.long)
    for place, row in enumerate(rows):
        events[place, : len(row)] = torch.tensor(row)
    return events, length
