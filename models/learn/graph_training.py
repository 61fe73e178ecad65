"""How SystemGraphGNN is taught: batches of small graphs, losses of all its heads, early stopping on systems it never saw."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.analyse.graph_features import features
from models.learn.graph_truth import Example
from models.nets.system_graph_gnn import Reading, SystemGraphGNN

#: Services of one batch, learning rate at its highest.
BATCH: Final = 1500
LEARNING_RATE: Final = 1e-3
#: Weights of the states in the loss, as powers of how rare they are; of the heads.
RARE: Final = 0.5
ROOT, CARRIES, REACHES, DELAY, SYSTEM = 1.0, 1.0, 0.5, 0.1, 4.0


@dataclass(frozen=True, slots=True)
class Item:
    """One example as arrays: columns of services and calls, and what is true of them (`Truth`)."""

    nodes: NDArray[np.float32]
    edges: NDArray[np.int64]
    calls: NDArray[np.float32]
    health: NDArray[np.int64]
    carried: NDArray[np.float32]
    reaches: NDArray[np.float32]
    delay: NDArray[np.float32]
    root: int
    system: float


def item(example: Example) -> Item:
    nodes, calls, _ = features(example.graph, example.signals)
    truth = example.truth
    single = (truth.carried.astype(np.float32), truth.reaches.astype(np.float32), truth.delay.astype(np.float32))
    return Item(nodes, example.graph.edges, calls, truth.health, *single, truth.root, truth.system)


class Batch:
    """Several graphs as one that falls apart."""

    def __init__(self, items: Sequence[Item]) -> None:
        sizes = [len(each.nodes) for each in items]
        starts = np.cumsum([0, *sizes[:-1]])

        def joined(parts: Sequence[NDArray[np.generic]]) -> Tensor:
            return torch.from_numpy(np.concatenate(parts))

        self.nodes = joined([each.nodes for each in items])
        self.edges = torch.from_numpy(
            np.concatenate([each.edges + start for each, start in zip(items, starts, strict=True)], axis=1)
        )
        self.calls = joined([each.calls for each in items])
        self.graph = torch.from_numpy(np.repeat(np.arange(len(items)), sizes))
        self.health = joined([each.health for each in items])
        self.carried, self.reaches, self.delay = (
            joined([getattr(each, name) for each in items]) for name in ("carried", "reaches", "delay")
        )
        self.root = torch.tensor(
            [start + each.root for each, start in zip(items, starts, strict=True) if each.root >= 0]
        )
        self.system = torch.tensor([each.system for each in items], dtype=torch.float32)

    def read(self, net: SystemGraphGNN) -> Reading:
        out: Reading = net(self.nodes, self.edges, self.calls, self.graph)
        return out


def loss(out: Reading, batch: Batch, rarity: Tensor) -> Tensor:
    """The heads' losses added up; cross-entropies in nats, the delay's in log seconds, its median the target."""
    total = nn.functional.cross_entropy(out.health, batch.health, rarity)
    graphs = len(batch.system)
    log_z = torch.zeros(graphs).scatter_reduce(
        0, batch.graph, (out.root - out.root.max().detach()).exp(), "sum", include_self=False
    ).log() + out.root.max().detach()  # fmt: skip
    if len(batch.root):
        total = total + ROOT * (log_z[batch.graph[batch.root]] - out.root[batch.root]).mean()
    for logit, truth, weight in ((out.carries, batch.carried, CARRIES), (out.reaches, batch.reaches, REACHES)):
        known = ~truth.isnan()
        if known.any():
            total = total + weight * nn.functional.binary_cross_entropy_with_logits(logit[known], truth[known])
    known = ~batch.delay.isnan()
    if known.any():
        total = total + DELAY * (out.delay[known] - batch.delay[known].log()).abs().mean()
    return total + SYSTEM * (out.system - batch.system).pow(2).mean()


def batches(items: Sequence[Item], rng: np.random.Generator | None) -> list[Batch]:
    """Of about BATCH services each, shuffled if `rng` is given."""
    order = np.arange(len(items)) if rng is None else rng.permutation(len(items))
    found: list[list[Item]] = [[]]
    size = 0
    for place in order:
        if size > BATCH:
            found.append([])
            size = 0
        found[-1].append(items[place])
        size += len(items[place].nodes)
    return [Batch(each) for each in found if each]


@dataclass(frozen=True, slots=True)
class Taught:
    """The net in eval mode; `losses` of the validation systems by epoch; CPU seconds."""

    net: SystemGraphGNN
    losses: tuple[float, ...]
    best_epoch: int
    seconds: float


def teach(
    train: Sequence[Item],
    check: Sequence[Item],
    *,
    seed: int,
    epochs: int = 12,
    patience: int = 3,
    seconds: float = 600.0,
    progress: Callable[[str], None] = lambda _: None,
    checkpoint: Callable[[SystemGraphGNN], None] = lambda _: None,
) -> Taught:
    """Adam with one cycle of the learning rate (Smith 2018); keeps the epoch with the least validation loss.

    Stops after `patience` epochs without a better one, or after `seconds` of CPU time. The same items and seed give the
    same weights, unless time ends it. `checkpoint` is given the net after each better epoch.
    """
    began, threads = time.process_time(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _descend(
                train, check, seed=seed, epochs=epochs, patience=patience, began=began, seconds=seconds, progress=progress,
                checkpoint=checkpoint,
            )  # fmt: skip
    finally:
        torch.set_num_threads(threads)


def _descend(
    train: Sequence[Item], check: Sequence[Item], *, seed: int, epochs: int, patience: int, began: float, seconds: float,
    progress: Callable[[str], None], checkpoint: Callable[[SystemGraphGNN], None],
) -> Taught:  # fmt: skip
    net, rng = SystemGraphGNN(), np.random.default_rng(seed)
    number = np.bincount(np.concatenate([each.health for each in train]), minlength=5)
    rarity = torch.from_numpy(((number.sum() / np.maximum(number, 1)) ** RARE).astype(np.float32))
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=1e-3)
    held = batches(check, None)
    steps = len(batches(train, None))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=epochs * (steps + 2), pct_start=0.15
    )
    losses: list[float] = []
    best, kept = 0, net.state_dict()
    for epoch in range(epochs):
        net.train()
        for batch in batches(train, rng):
            optimiser.zero_grad()
            value = loss(batch.read(net), batch, rarity)
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        net.eval()
        with torch.no_grad():
            losses.append(float(np.mean([float(loss(batch.read(net), batch, rarity)) for batch in held])))
        progress(f"epoch {epoch + 1}: validation loss {losses[-1]:.3f}")
        if losses[-1] <= min(losses):
            best, kept = epoch, {name: value.clone() for name, value in net.state_dict().items()}
            checkpoint(net)
        if epoch - best >= patience or time.process_time() - began > seconds:
            break
    net.load_state_dict(kept)
    return Taught(net.eval(), tuple(losses), best, time.process_time() - began)
