"""Training ErrorFlowLSTM: windows with what came after them in, weights and calibration out.

Four losses are added: survival over the next 30 minutes (negative log-likelihood), the class of the sequence, the next
error (the blend's likelihood, and the cosine distance to what came), and where the pointer stands when the service that
fails has logged. Early stopping watches their sum on other topologies.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.analyse.cascade_window import WINDOW, Window
from models.analyse.features import COLUMNS, MOMENT
from models.nets.error_flow_lstm import HORIZON, ErrorFlowLSTM, Outputs, hazard_loss, next_likelihood

LEARNING_RATE: Final = 1e-3
BATCH: Final = 64
#: Share of each loss: survival decides what ships; the others keep the summary honest about what it has seen.
WEIGHTS: Final = {"hazard": 1.0, "incident": 0.5, "next": 0.2, "cosine": 0.5, "pointer": 0.2}
#: Largest norm of a gradient.
CLIP: Final = 1.0


@dataclass(frozen=True, slots=True)
class Windows:
    """N windows. `place` (N, T) rows of a table of embeddings, real steps first; `length` (N,); `features` (N, T, 128) float16;
    `moment` (N, 33); `candidate`, `markov` (N, T + 1), the last for none of them.

    What came: `minute` (N,) of the failure, 30 for none; `observed` (N,) minutes known; `incident` (N,); `target` (N,) the
    candidate that came next and `came` (N,) its row in the table, -1 for none; `failed` (N, T) bool, the steps of the
    service that failed.
    """

    place: NDArray[np.int32]
    length: NDArray[np.int64]
    features: NDArray[np.float16]
    moment: NDArray[np.float32]
    candidate: NDArray[np.bool_]
    markov: NDArray[np.float32]
    minute: NDArray[np.int64]
    observed: NDArray[np.int64]
    incident: NDArray[np.int64]
    target: NDArray[np.int64]
    came: NDArray[np.int64]
    failed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.length)

    @classmethod
    def empty(cls, n: int) -> "Windows":
        """Room for n windows."""
        return cls(
            place=np.zeros((n, WINDOW), dtype=np.int32),
            length=np.zeros(n, dtype=np.int64),
            features=np.zeros((n, WINDOW, len(COLUMNS)), dtype=np.float16),
            moment=np.zeros((n, len(MOMENT)), dtype=np.float32),
            candidate=np.zeros((n, WINDOW + 1), dtype=np.bool_),
            markov=np.zeros((n, WINDOW + 1), dtype=np.float32),
            minute=np.full(n, HORIZON, dtype=np.int64),
            observed=np.full(n, HORIZON, dtype=np.int64),
            incident=np.zeros(n, dtype=np.int64),
            target=np.full(n, WINDOW, dtype=np.int64),
            came=np.full(n, -1, dtype=np.int64),
            failed=np.zeros((n, WINDOW), dtype=np.bool_),
        )

    def put(self, row: int, window: Window, place: Sequence[int] | NDArray[np.int64]) -> None:
        """Writes what the net sees into a row; `place` (T,) are the steps' rows in the table."""
        length = len(window.steps)
        self.length[row] = length
        self.place[row, :length] = place
        self.features[row, :length] = window.features
        self.moment[row] = window.moment
        columns = [*window.candidates, WINDOW]
        self.candidate[row, columns] = True
        self.markov[row, columns] = window.markov


@dataclass(frozen=True, slots=True)
class Trained:
    """The net of the best epoch in eval mode, the losses on the check part by epoch, CPU seconds."""

    net: ErrorFlowLSTM
    losses: tuple[dict[str, float], ...]
    best_epoch: int
    seconds: float


def train(
    data: Windows, check: Windows, table: NDArray[np.float32], *, seed: int, epochs: int, minutes: float, patience: int = 2,
    save: Callable[[ErrorFlowLSTM], None], progress: Callable[[str], None],
) -> Trained:  # fmt: skip
    """Fits on `data`; stops after `epochs`, `patience` epochs without gain on `check`, or `minutes` of time.

    `table` (n, 384) the embeddings; `save` is called with the best net so far.
    """
    start, wall = time.process_time(), time.monotonic()
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = ErrorFlowLSTM()
        optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=1e-3)
        steps = max(epochs * (len(data) // BATCH + 1), 40)  # the schedule needs room to rise and fall
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.1)
        losses: list[dict[str, float]] = []
        best, kept = 0, net.state_dict()
        for epoch in range(epochs):
            _epoch(net, data, table, optimiser, schedule)
            losses.append(evaluate(net, check, table))
            told = " ".join(f"{name} {value:.3f}" for name, value in losses[-1].items())
            progress(f"epoch {epoch + 1} of {epochs}, {(time.monotonic() - wall) / 60:.1f} minutes: {told}")
            if losses[-1]["all"] <= min(each["all"] for each in losses):
                best, kept = epoch, {name: value.clone() for name, value in net.state_dict().items()}
                save(net)
            if epoch - best >= patience or time.monotonic() - wall > 60 * minutes:
                break
        net.load_state_dict(kept)
    return Trained(net.eval(), tuple(losses), best, time.process_time() - start)


@contextmanager
def one_thread() -> Iterator[None]:
    """Batches this small cost more to share than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def batch(data: Windows, rows: NDArray[np.int64], table: NDArray[np.float32]) -> tuple[Tensor, Tensor, Tensor]:
    """Steps (B, T, 512), mask (B, T) and moment (B, 33) of some rows."""
    longest = int(data.length[rows].max())
    vectors = table[data.place[rows, :longest]]
    steps = np.concatenate([vectors, data.features[rows, :longest].astype(np.float32)], axis=2)
    mask = np.arange(longest) < data.length[rows, None]
    return torch.from_numpy(steps), torch.from_numpy(mask), torch.from_numpy(data.moment[rows])


def losses_of(out: Outputs, data: Windows, rows: NDArray[np.int64], table: NDArray[np.float32]) -> dict[str, Tensor]:
    """The mean of each loss over some rows, and "all", their weighted sum."""
    longest = out.attention.shape[1]
    columns = [*range(longest), WINDOW]
    candidate, markov = (torch.from_numpy(array[rows][:, columns]) for array in (data.candidate, data.markov))
    came, target = data.came[rows], torch.from_numpy(np.minimum(data.target[rows], longest))
    has_next = torch.from_numpy(came >= 0)
    failed = torch.from_numpy(data.failed[rows, :longest])
    points = failed.any(dim=1)
    likelihood = next_likelihood(out.next_scores, out.gate, markov, candidate, target)
    cosine = 1 - (out.next_error * torch.from_numpy(table[came])).sum(dim=1)
    found = {
        "hazard": hazard_loss(
            out.hazard, torch.from_numpy(data.minute[rows]), torch.from_numpy(data.observed[rows])
        ).mean(),
        "incident": nn.functional.cross_entropy(out.incident, torch.from_numpy(data.incident[rows])),
        "next": _mean(-likelihood, has_next),
        "cosine": _mean(cosine, has_next),
        "pointer": _mean(-(out.pointer * failed).sum(dim=1).clamp_min(1e-6).log(), points),
    }
    found["all"] = sum((WEIGHTS[name] * value for name, value in found.items()), torch.zeros(()))
    return found


@torch.no_grad()
def evaluate(net: ErrorFlowLSTM, data: Windows, table: NDArray[np.float32]) -> dict[str, float]:
    """The losses, averaged over batches; the net is left in eval mode."""
    net.eval()
    sums: dict[str, float] = {}
    for rows in _batches(data, None):
        for name, value in losses_of(net(*batch(data, rows, table)), data, rows, table).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(rows)
    return {name: value / len(data) for name, value in sums.items()}


def _epoch(
    net: ErrorFlowLSTM, data: Windows, table: NDArray[np.float32], optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:  # fmt: skip
    net.train()
    for rows in _mixed(data):
        if len(rows) < BATCH:
            continue
        optimiser.zero_grad()
        steps, mask, moment = batch(data, rows, table)
        with torch.autocast("cpu", torch.bfloat16, enabled=bool(mask.all())):
            out = net(steps, mask, moment)
        loss = losses_of(as_float(out), data, rows, table)["all"]
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimiser.step()
        schedule.step()


def as_float(out: Outputs) -> Outputs:
    """The outputs of a pass in bfloat16 in float32, so that the losses are."""
    return Outputs(**{name: getattr(out, name).float() for name in Outputs.__slots__})


def _mixed(data: Windows) -> list[NDArray[np.int64]]:
    """Batches in random order; full windows stay among themselves, for they need no packing and run in bfloat16."""
    order = torch.randperm(len(data)).numpy()
    full = data.length[order] == WINDOW
    batches = [*_batches(data, order[full]), *_batches(data, order[~full])]
    return [batches[place] for place in torch.randperm(len(batches)).tolist()]


def _batches(data: Windows, order: NDArray[np.int64] | None) -> list[NDArray[np.int64]]:
    places = np.arange(len(data)) if order is None else order
    return [places[first : first + BATCH] for first in range(0, len(places), BATCH)]


def _mean(values: Tensor, which: Tensor) -> Tensor:
    return (values * which).sum() / which.sum().clamp_min(1)


@torch.no_grad()
def hazard_logits(net: ErrorFlowLSTM, data: Windows, table: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 30) logits of all windows, in eval mode."""
    net.eval()
    with one_thread():
        rows = [net(*batch(data, rows, table)).hazard.numpy() for rows in _batches(data, None)]
    return np.concatenate(rows).astype(np.float64)
