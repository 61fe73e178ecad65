"""What each part of the StackLensTransformer is worth: the same recipe without it, on families that no run has seen.

    python tests/benchmarks/ablations.py [SEEDS] [--unfrozen]

Accuracies on the test families, mean of the seeds, and the difference to the whole network in pairs with a 95 % interval over
templates. `--unfrozen` adds the runs that train the trunk too: its last two layers, or LoRA (Hu et al. 2021) of rank 8 on every
query and value. Nothing here is shipped or chosen by.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from app.evaluation import metrics as m
from app.evaluation.product import load_encoder
from app.jobs import classifier_course as course_of
from app.jobs.classifier_course import Course
from app.jobs.train_classifier import _sides
from app.services.reading import ReadingService
from app.settings import SAMPLE_DATA, Settings
from models.learn.classifier import Recipe, logits, use_threads
from models.nets.transformer import Classified, StackLensTransformer, frozen_trunk
from models.vectors.weights import resolve

VARIANTS = {
    "whole": Recipe(),
    "without vocabulary": replace(Recipe(), with_vocabulary=False),
    "without error attention": replace(Recipe(), with_attention=False),
    "without both": replace(Recipe(), with_vocabulary=False, with_attention=False),
    "severity alone": replace(Recipe(), category=0.0),
    "category alone": replace(Recipe(), severity=0.0),
}
RANK, LAYERS = 8, 2
#: Learning rates of the trunk's own weights, and of what LoRA adds.
TRUNK_RATE, LORA_RATE = 5e-5, 1e-3
#: Tokens of a text that the unfrozen runs read: the longest traces would cost half of the time.
LONGEST = 128

Answers = tuple[np.ndarray, np.ndarray]


class Lora(nn.Module):
    """`linear`, frozen, plus B A x: A (r, in) random, B (out, r) zero at first."""

    def __init__(self, linear: nn.Linear, rank: int = RANK) -> None:
        super().__init__()
        self.linear = linear
        self.down, self.up = nn.Linear(linear.in_features, rank, bias=False), nn.Linear(rank, linear.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.linear(states) + self.up(self.down(states))


def last_layers(trunk: nn.Module) -> float:
    for layer in trunk.encoder.layer[-LAYERS:]:
        layer.requires_grad_(True)
    return TRUNK_RATE


def lora(trunk: nn.Module) -> float:
    for layer in trunk.encoder.layer:
        attention = layer.attention.self
        attention.query, attention.value = Lora(attention.query), Lora(attention.value)
    return LORA_RATE


def frozen(course: Course, rows: np.ndarray, test: np.ndarray, recipe: Recipe, seed: int) -> Answers:
    model = course_of.network(course, rows, recipe, seed)
    severity, category, _ = logits(model.network, course.lesson, course.first[test])
    return severity.argmax(axis=1), category.argmax(axis=1)


class Unfrozen:
    """The network over a trunk that learns: one rendering of each template an epoch, as in the frozen training."""

    def __init__(self, course: Course, encoder, trunk: nn.Module, rate: float, seed: int) -> None:
        torch.manual_seed(seed)
        self.course, self.recipe, self.rng = course, Recipe(), np.random.default_rng(seed)
        self.tokens = [ids for ids, _ in encoder.tokenize(course.lesson.states.texts)]
        terms = course.vectors
        self.network = StackLensTransformer(trunk=trunk, terms=len(terms), dropout=self.recipe.dropout)
        with torch.no_grad():
            self.network.vocabulary.weight[1:] = torch.from_numpy(terms)
        mine = {id(p) for p in trunk.parameters()}
        heads = [p for p in self.network.parameters() if id(p) not in mine]
        learning = [p for p in trunk.parameters() if p.requires_grad]
        self.learning = sum(p.numel() for p in learning)
        self.optimizer = torch.optim.AdamW(
            [{"params": heads, "lr": self.recipe.rate}, {"params": learning, "lr": rate}], weight_decay=self.recipe.decay
        )

    def train(self, rows: np.ndarray) -> None:
        data, recipe = self.course.lesson, self.recipe
        texts = data.texts_of(rows)
        for _ in range(recipe.epochs):
            self.network.train()
            chosen = np.array([self.rng.choice(each) for each in texts])
            order = np.argsort([len(self.tokens[text]) for text in chosen] * self.rng.uniform(0.8, 1.25, len(chosen)))
            batches = np.array_split(order, -(-len(order) // recipe.batch))
            for place in self.rng.permutation(len(batches)):
                part = batches[place]
                seen = self.read(chosen[part])
                right = [torch.from_numpy(labels[rows[part]]) for labels in (data.severity, data.category)]
                loss = sum(
                    nn.functional.cross_entropy(scores, label, label_smoothing=recipe.smoothing)
                    for scores, label in zip((seen.severity_logits, seen.category_logits), right, strict=True)
                )
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                self.optimizer.step()

    def answers(self, texts: np.ndarray) -> Answers:
        self.network.eval()
        with torch.inference_mode():
            seen = [self.read(part) for part in np.array_split(texts, -(-len(texts) // 64))]
        severity = torch.cat([one.severity_logits for one in seen]).argmax(dim=1).numpy()
        return severity, torch.cat([one.category_logits for one in seen]).argmax(dim=1).numpy()

    def read(self, texts: np.ndarray) -> Classified:
        data = self.course.lesson
        ids = [self.tokens[text][:LONGEST] for text in texts]
        shape = (len(ids), max(map(len, ids)))
        tokens, mask, terms = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        for row, (text, one) in enumerate(zip(texts, ids, strict=True)):
            start = data.states.starts[text]
            tokens[row, : len(one)], mask[row, : len(one)] = one, 1
            terms[row, : len(one)] = data.terms[start : start + len(one)]
        return self.network(*map(torch.from_numpy, (tokens, mask, terms)))


def unfrozen(
    course: Course, encoder, rows: np.ndarray, test: np.ndarray, *, free: Callable[[nn.Module], float], seed: int
) -> Answers:
    torch.manual_seed(seed)
    trunk = frozen_trunk(resolve(Settings().encoder).folder)
    rate = free(trunk)
    run = Unfrozen(course, encoder, trunk, rate, seed)
    print(f"  {run.learning:,} weights of the trunk learn", file=sys.stderr, flush=True)
    run.train(rows)
    return run.answers(course.first[test])


def main(seeds: int, with_unfrozen: bool) -> None:
    settings = Settings()
    use_threads(settings.threads)
    encoder = load_encoder(settings)
    reading = ReadingService(SAMPLE_DATA / "corpus", encoder, settings.cache_dir, classifier=None)
    work = settings.cache_dir / "training"
    work.mkdir(parents=True, exist_ok=True)
    course = course_of.prepare(reading, encoder, work, 0, lambda said: print(said, file=sys.stderr, flush=True))
    rows, _, test = _sides(course, 0)
    right = course.lesson.severity[test], course.lesson.category[test]
    runs = {name: lambda seed, recipe=recipe: frozen(course, rows, test, recipe, seed) for name, recipe in VARIANTS.items()}
    if with_unfrozen:
        for name, free in {"last two layers": last_layers, "LoRA": lora}.items():
            runs[name] = lambda seed, free=free: unfrozen(course, encoder, rows, test, free=free, seed=seed)
    base: list[np.ndarray] = []
    for name, run in runs.items():
        said = [run(seed) for seed in range(seeds)]
        hits = [np.mean([one[task] == right[task] for one in said], axis=0) for task in (0, 1)]
        base = base or hits
        row = {"variant": name, "seeds": seeds, "n": len(test)}
        for task, mine, whole in zip(("severity", "category"), hits, base, strict=True):
            gain = m.bootstrap(m.mean(mine - whole), len(test), seed=0)
            row[task] = round(float(mine.mean()), 4)
            row[f"{task}_minus_whole"] = [round(float(one), 4) for one in (gain.value, gain.low, gain.high)]
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(next((int(one) for one in sys.argv[1:] if one.isdigit()), 3), "--unfrozen" in sys.argv)
