"""Trains the StackLensTransformer on stored states of its frozen trunk.

An epoch shows one rendering of every template, another one each time. The loss is the sum of two
cross-entropies with smoothed labels, severity and category. The epoch that reads unseen families of
technologies best is kept (early stopping), or a given number of epochs is run where none is held out.

The confidence is trained afterwards, on texts that the network that reads them has never seen: see
`fit_confidence`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.corpus import Template
from models.learn.renderings import Renderings
from models.learn.token_states import TokenStates
from models.nets.transformer import StackLensTransformer
from models.taxonomy import CATEGORIES, SEVERITIES

Ints = NDArray[np.int64]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What training does. Not searched: values in common use, and few epochs because a longer run got worse after six."""

    epochs: int = 5
    batch: int = 64
    rate: float = 1e-3
    decay: float = 0.05
    dropout: float = 0.3
    smoothing: float = 0.1
    critical: float = 1.0  # weight of the class in the loss, others 1
    vocabulary_rate: float = 0.1  # share of `rate`
    patience: int = 4
    severity: float = 1.0  # weight of the task; 0 leaves it out
    category: float = 1.0
    with_vocabulary: bool = True
    with_attention: bool = True


@dataclass(frozen=True, slots=True)
class Lesson:
    """The corpus as numbers: states of all renderings, their terms, and what is right of each template."""

    states: TokenStates
    terms: Ints  # (N,) per token
    template: Ints  # (n,) per text, -1 = no error
    plain: NDArray[np.bool_]  # (n,)
    severity: Ints  # (t,)
    category: Ints  # (t,)
    groups: NDArray[np.str_]  # (t,) families of technologies

    def texts_of(self, templates: Ints, *, plain_only: bool = False) -> list[Ints]:
        """Of each template its texts' rows."""
        order = np.argsort(self.template, kind="stable")
        starts = np.searchsorted(self.template[order], templates, side="left")
        ends = np.searchsorted(self.template[order], templates, side="right")
        found = [order[start:end] for start, end in zip(starts, ends, strict=True)]
        return [rows[self.plain[rows]] for rows in found] if plain_only else found

    def others(self) -> Ints:
        """Rows of the texts that are no errors, unchanged ones only."""
        return np.flatnonzero((self.template < 0) & self.plain)


@dataclass(frozen=True, slots=True)
class Trained:
    """The network and what each epoch gave: {"epoch", "loss", "severity", "category"}, the accuracies on held-out texts."""

    network: StackLensTransformer
    history: list[dict[str, float]] = field(default_factory=list)
    epochs: int = 0


def lesson(templates: Sequence[Template], shown: Renderings, states: TokenStates, terms: Ints, groups: Sequence[str]) -> Lesson:
    return Lesson(states, terms, shown.template, shown.plain,
                  np.array([SEVERITIES.index(t.severity) for t in templates]),
                  np.array([CATEGORIES.index(t.category) for t in templates]), np.array(groups))


def train(
    data: Lesson, rows: Ints, recipe: Recipe, seed: int, *, held_out: Ints | None = None,
    vectors: NDArray[np.float32] | None = None, report: Report | None = None, checkpoint: Path | None = None,
) -> Trained:
    """Trains on the templates numbered `rows`; stops early on `held_out`. `vectors` (terms, dims): the vocabulary to begin with."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    terms = len(vectors) if vectors is not None else int(data.terms.max(initial=0))
    network = StackLensTransformer(data.states.dims, terms=terms, dropout=recipe.dropout,
                                   with_vocabulary=recipe.with_vocabulary, with_attention=recipe.with_attention)
    if vectors is not None:
        with torch.no_grad():
            network.vocabulary.weight[1:] = torch.from_numpy(vectors)
    steps = recipe.epochs * -(-len(rows) // recipe.batch)
    optimizer = _optimizer(network, recipe)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [g["lr"] for g in optimizer.param_groups], total_steps=steps)
    run = _Run(network, optimizer, schedule, rng)
    if checkpoint is not None and checkpoint.is_file():
        run.resume(checkpoint)
    texts = data.texts_of(rows)
    while len(run.history) < recipe.epochs and run.since < recipe.patience:
        loss = _epoch(run, data, rows, [rng.choice(each) for each in texts], recipe)
        seen = _accuracies(network, data, held_out) if held_out is not None else {}
        row = {"epoch": float(len(run.history) + 1), "loss": loss, **seen}
        run.note(row, _score(row, recipe) if held_out is not None else row["epoch"])
        if report:
            report(" ".join(f"{name} {value:.3f}" for name, value in row.items()))
        if checkpoint is not None:
            run.save(checkpoint)
    network.load_state_dict(run.state)
    return Trained(network.eval(), run.history, len(run.history) - run.since)


class _Run:
    """What a training has come to, so that one that was cut short goes on where it was."""

    def __init__(
        self, network: StackLensTransformer, optimizer: torch.optim.Optimizer, schedule: Any, rng: np.random.Generator
    ) -> None:
        self.network, self.optimizer, self.schedule, self.rng = network, optimizer, schedule, rng
        self.history: list[dict[str, float]] = []
        self.since = 0
        self.state = _copy(network)
        self._best = -np.inf
        self._parts = {"network": network, "optimizer": optimizer, "schedule": schedule}

    def note(self, row: dict[str, float], score: float) -> None:
        """Takes an epoch down, and the network's state if it is the best so far."""
        self.history.append(row)
        if score > self._best:
            self._best, self.since, self.state = score, 0, _copy(self.network)
        else:
            self.since += 1

    def save(self, file: Path) -> None:
        kept = {name: part.state_dict() for name, part in self._parts.items()}
        kept |= {"best": self.state, "torch": torch.get_rng_state()}
        kept["run"] = json.dumps([self.history, self.since, self._best, self.rng.bit_generator.state])
        part = file.with_suffix(".part")
        torch.save(kept, part)
        part.replace(file)

    def resume(self, file: Path) -> None:
        kept = torch.load(file, weights_only=True)
        for name, part in self._parts.items():
            part.load_state_dict(kept[name])
        self.state = kept["best"]
        torch.set_rng_state(kept["torch"])
        self.history, self.since, self._best, self.rng.bit_generator.state = json.loads(kept["run"])


def logits(
    network: StackLensTransformer, data: Lesson, texts: Ints, batch: int = 256
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Severity logits (n, 4), category logits (n, 10) and confidence (n,) of texts by number."""
    network.eval()
    order = np.argsort(-np.diff(data.states.starts)[texts], kind="stable")
    pieces = []
    with torch.inference_mode():
        for start in range(0, len(texts), batch):
            seen = network.read(*_batch(data, texts[order[start : start + batch]]))
            pieces.append((seen.severity_logits.numpy(), seen.category_logits.numpy(), seen.confidence.numpy()))
    inverse = np.argsort(order)
    severity, category, confidence = (np.concatenate(part)[inverse].astype(np.float64) for part in zip(*pieces, strict=True))
    return severity, category, confidence


def fit_confidence(
    network: StackLensTransformer, embeddings: NDArray[np.float32], severity: NDArray[np.float64], category: NDArray[np.float64],
    right: NDArray[np.bool_], *, decay: float = 0.02, steps: int = 400,
) -> None:
    """Sets the confidence head by binary cross-entropy on texts read out of fold.

    `embeddings` (n, dims) unit rows, the logits (n, 4) and (n, 10) by networks that never saw those texts' families,
    and whether both were right (n,); texts that are no errors are never right.
    """
    parts = (np.asarray(part, dtype=np.float32) for part in (embeddings, severity, category))
    inputs = network.sureness_input(*(torch.from_numpy(part) for part in parts))
    target = torch.from_numpy(right.astype(np.float32))
    head = nn.Linear(inputs.shape[1], 1)
    nn.init.zeros_(head.weight)
    nn.init.constant_(head.bias, float(np.log((right.mean() + 1e-3) / (1 - right.mean() + 1e-3))))
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(head(inputs)[:, 0], target)
        loss = loss + decay * (head.weight[:, : embeddings.shape[1]] ** 2).sum() + 1e-4 * (head.weight**2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    network.confidence.load_state_dict(head.state_dict())


def confidence_of(
    network: StackLensTransformer, embeddings: NDArray[np.float32], severity: NDArray[np.float64], category: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) in [0, 1]: what the confidence head says of logits that other networks of the same trunk gave."""
    with torch.inference_mode():
        parts = (torch.from_numpy(np.asarray(part, dtype=np.float32)) for part in (embeddings, severity, category))
        sure: NDArray[np.float64] = network.confidence(network.sureness_input(*parts))[:, 0].sigmoid().numpy().astype(np.float64)
    return sure


def use_threads(number: int) -> None:
    """How many processor threads training takes, for the whole process."""
    torch.set_num_threads(number)


def _optimizer(network: StackLensTransformer, recipe: Recipe) -> torch.optim.Optimizer:
    heads = [p for name, p in network.named_parameters() if not name.startswith(("vocabulary", "confidence"))]
    return torch.optim.AdamW(
        [{"params": heads, "lr": recipe.rate, "weight_decay": recipe.decay},
         {"params": [network.vocabulary.weight], "lr": max(recipe.rate * recipe.vocabulary_rate, 1e-9), "weight_decay": 0.0}])


def _epoch(run: "_Run", data: Lesson, templates: Ints, texts: Sequence[int], recipe: Recipe) -> float:
    """One rendering of each template; the mean loss."""
    network = run.network.train()
    weight = torch.ones(len(SEVERITIES))
    weight[SEVERITIES.index("critical")] = recipe.critical
    chosen, total = np.asarray(texts), 0.0
    for part in _batches(np.diff(data.states.starts)[chosen], recipe.batch, run.rng):
        seen = network.read(*_batch(data, chosen[part]))
        severity = torch.from_numpy(data.severity[templates[part]])
        category = torch.from_numpy(data.category[templates[part]])
        entropy, smooth = nn.functional.cross_entropy, recipe.smoothing
        loss = (recipe.severity * entropy(seen.severity_logits, severity, weight, label_smoothing=smooth)
                + recipe.category * entropy(seen.category_logits, category, label_smoothing=smooth))
        run.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        run.optimizer.step()
        run.schedule.step()
        total += float(loss.detach()) * len(part)
    return total / len(chosen)


def _batches(lengths: Ints, size: int, rng: np.random.Generator) -> list[Ints]:
    """Rows in batches of about equally long texts (padding would cost two thirds of the time), in random order."""
    near = np.argsort(lengths * rng.uniform(0.8, 1.25, len(lengths)), kind="stable")
    batches = np.array_split(near, -(-len(lengths) // size))
    return [batches[place] for place in rng.permutation(len(batches))]


def _batch(data: Lesson, texts: Ints) -> tuple[Tensor, Tensor, Tensor]:
    """States (B, T, dims), mask (B, T) and terms (B, T) of texts by number, padded to the longest."""
    lengths = np.diff(data.states.starts)[texts]
    states = np.zeros((len(texts), lengths.max(), data.states.dims), dtype=np.float32)
    mask, terms = np.zeros(states.shape[:2], dtype=np.int64), np.zeros(states.shape[:2], dtype=np.int64)
    for row, (text, length) in enumerate(zip(texts, lengths, strict=True)):
        states[row, :length] = data.states.of(int(text))
        mask[row, :length] = 1
        terms[row, :length] = data.terms[data.states.starts[text] : data.states.starts[text + 1]]
    return torch.from_numpy(states), torch.from_numpy(mask), torch.from_numpy(terms)


def _accuracies(network: StackLensTransformer, data: Lesson, templates: Ints) -> dict[str, float]:
    """Of the first plain rendering of each template: accuracies, and the mean log-likelihood of both labels."""
    first = np.array([rows[0] for rows in data.texts_of(templates, plain_only=True)])
    severity, category, _ = logits(network, data, first)
    at, right = np.arange(len(first)), (data.severity[templates], data.category[templates])
    likely = sum(float(_log_softmax(part)[at, label].mean()) for part, label in zip((severity, category), right, strict=True))
    return {"severity": float((severity.argmax(axis=1) == right[0]).mean()),
            "category": float((category.argmax(axis=1) == right[1]).mean()), "likelihood": likely}


def _score(row: Mapping[str, float], recipe: Recipe) -> float:
    return recipe.severity * row.get("severity", 0.0) + recipe.category * row.get("category", 0.0)


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = scores - scores.max(axis=1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def _copy(network: Any) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def without_trunk(network: StackLensTransformer) -> dict[str, Tensor]:
    """What ships: everything but the trunk, in half precision."""
    return {name: tensor.half().contiguous() for name, tensor in network.state_dict().items() if not name.startswith("trunk.")}
