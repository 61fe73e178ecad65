"""Task `sequences`: which event comes next, of the last ten known?

Sequences are split 70/30 by the hash of what they hold, so that twins stay together. An item is the last ten events and the
next (the end included), each distinct one once, and none that the training has. The vocabulary is every template of the
file, the end, and UNK. The product is a mixture of back-off chains and ErrorFlowLSTM whose weights (expectation-maximisation)
come from a fifth of the training sequences that its parts had not seen; the chains then learn from all of them.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation.anomaly import templates_file
from app.evaluation.data import SESSION, column, read_rows
from app.evaluation.metrics import Doubles, Statistic, bootstrap, difference, mean
from app.evaluation.report import Interval, Metrics, Report, Request
from models.analyse.markov import BackOff

#: Shares of the sequences that train, and that of those the parts of the mixture learn from before they are weighed.
TRAINS, FITS = 0.7, 0.8
CONTEXT: Final = 10
ORDERS: Final = (1, 2, 3, 4, 5)
#: Order of the chain that learns each distinct item once: the items of the test are distinct too.
LONG: Final = CONTEXT
DEEP: Final = "error_flow_lstm"
ROUNDS: Final = 100
#: Items that weigh the parts, at most.
WEIGHED: Final = 5_000

#: Name of the chain over distinct items.
ONCE: Final = "markov_distinct"
DRAWS: Final = 500

Sequence_ = tuple[int, ...]
Item = tuple[Sequence_, int]
#: Contexts in, (n, vocabulary) probabilities out.
Reader = Callable[[Sequence[Sequence_]], Doubles]


@dataclass(frozen=True, slots=True)
class Items:
    """Distinct items, and the number of the sequence in which each was first met."""

    items: tuple[Item, ...]
    unit: NDArray[np.int64]

    @property
    def contexts(self) -> list[Sequence_]:
        return [context for context, _ in self.items]

    @property
    def came(self) -> NDArray[np.int64]:
        return np.array([event for _, event in self.items], dtype=np.int64)


def measure(request: Request) -> Report:
    names, sequences = read_sequences(request)
    train = [each for each in sequences if _share(each, "train") < TRAINS]
    tested = distinct([each for each in sequences if _share(each, "train") >= TRAINS], known=set(distinct(train).items))
    if not tested.items:
        raise InvalidInput(f"{request.data.name}: the test part has no item that the training has not")
    end, unknown = len(names), len(names) + 1
    size = unknown + 1
    fit = [each for each in train if _share(each, "fit") < FITS]
    held = distinct([each for each in train if _share(each, "fit") >= FITS], known=set(distinct(fit).items))
    parts, weighed = _fitted(fit, held, size, request.seed)
    weights = mixture([part(weighed.contexts)[np.arange(len(weighed.items)), weighed.came] for part in parts.values()])
    final = {**_chains(train, size), DEEP: parts[DEEP]}
    said = {name: part(tested.contexts) for name, part in final.items()}
    blend = np.einsum("k,knv->nv", weights, np.stack([said[name] for name in parts]))
    said = {"blend": blend, **said}
    statistics = {name: _statistics(each, tested.came) for name, each in said.items()}
    results = {name: _metrics(each, tested, request.seed) for name, each in statistics.items()}
    notes = _notes(
        statistics, tested, dict(zip(parts, weights, strict=True)), (len(sequences), len(train), end), request.seed
    )
    return Report(len(tested.items), "sequence-blend@1", results.pop("blend"), results, notes)


def read_sequences(request: Request) -> tuple[list[str], list[Sequence_]]:
    """Names of the templates in the file beside, and every session as numbers: template, end (last), UNK where unknown."""
    rows = read_rows(request.data)
    if request.edition:
        rows = [row for row in rows if row.get("edition") == request.edition]
        if not rows:
            raise InvalidInput(f"{request.data.name} has no row of the edition {request.edition!r}")
    column(rows, SESSION)
    column(rows, ("events",))
    names = list(dict.fromkeys(str(row["event_id"]) for row in read_rows(templates_file(request.data))))
    number = {name: place for place, name in enumerate(names)}
    end, unknown = len(names), len(names) + 1
    return names, [(*(number.get(event, unknown) for event in str(row["events"]).split()), end) for row in rows]


def distinct(sequences: Sequence[Sequence_], known: set[Item] | None = None) -> Items:
    """Every distinct item of the sequences that is not among the known ones, in the order of their first appearance."""
    found: dict[Item, int] = {}
    for unit, sequence in enumerate(dict.fromkeys(sequences)):
        for place, event in enumerate(sequence):
            item = (sequence[max(0, place - CONTEXT) : place], event)
            if known is None or item not in known:
                found.setdefault(item, unit)
    return Items(tuple(found), np.array(list(found.values()), dtype=np.int64))


def mixture(likelihoods: Sequence[Doubles]) -> Doubles:
    """(k,) weights that sum to 1 and maximise the likelihood of the mixture, given each part's (n,) (Dempster et al. 1977)."""
    each = np.maximum(np.stack(likelihoods), 1e-12)  # (k, n)
    weights = np.full(len(each), 1 / len(each))
    if not each.shape[1]:
        return weights
    for _ in range(ROUNDS):
        share = weights[:, None] * each
        weights = (share / share.sum(axis=0)).mean(axis=1)
    return np.asarray(weights)


def _chains(sequences: Sequence[Sequence_], size: int) -> dict[str, Reader]:
    """Order 0 (the most common), 1 to 5, and one that learns each distinct item once."""
    orders = {"most_common": 0, **{f"markov_{order}": order for order in ORDERS}}
    chains = {name: BackOff(order, size) for name, order in orders.items()}
    for chain in chains.values():
        for sequence in sequences:
            chain.learn(sequence)
    chains[ONCE] = BackOff(LONG, size)
    for context, event in distinct(sequences).items:
        chains[ONCE].learn_next(context, event)
    return {name: _asked(chain) for name, chain in chains.items()}


def _asked(chain: BackOff) -> Reader:
    return lambda contexts: np.stack([chain.probabilities(context) for context in contexts])


def _fitted(fit: Sequence[Sequence_], held: Items, size: int, seed: int) -> tuple[dict[str, Reader], Items]:
    """The parts of the mixture, and the items that weigh them: of those held out, the half that did not stop the net."""
    from models.learn.next_event import fit as fit_net

    order = np.random.default_rng(seed).permutation(len(held.items))[: 2 * WEIGHED]
    stops, weighs = order[::2], order[1::2]
    net = fit_net(distinct(fit).items, [held.items[place] for place in stops], size, seed=seed)
    chains = _chains(fit, size)
    parts = {name: chains[name] for name in (*(f"markov_{order}" for order in ORDERS), ONCE)}
    return {**parts, DEEP: net.probabilities}, Items(tuple(held.items[place] for place in weighs), held.unit[weighs])


def _share(sequence: Sequence_, what: str) -> float:
    """In [0, 1), by the hash of what the sequence holds."""
    digest = hashlib.blake2b(f"{what} {' '.join(map(str, sequence))}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _statistics(said: Doubles, came: NDArray[np.int64]) -> dict[str, Statistic]:
    right = said[np.arange(len(came)), came]
    rank = (said > right[:, None]).sum(axis=1) + ((said == right[:, None]).sum(axis=1) - 1) / 2  # ties share the place
    return {"top1": mean(rank < 1), "top5": mean(rank < 5), "bits_per_event": mean(-np.log2(np.maximum(right, 1e-12)))}


def _metrics(statistics: dict[str, Statistic], tested: Items, seed: int) -> Metrics:
    return {name: _drawn(each, tested, seed) for name, each in statistics.items()}


def _drawn(statistic: Statistic, tested: Items, seed: int) -> Interval:
    return bootstrap(statistic, len(tested.items), units=tested.unit.tolist(), seed=seed, draws=DRAWS)


def _notes(
    statistics: dict[str, dict[str, Statistic]],
    tested: Items,
    weights: dict[str, float],
    numbers: tuple[int, int, int],
    seed: int,
) -> tuple[str, ...]:
    sequences, train, templates = numbers
    notes = [
        f"{sequences} sequences, {train} of them train; {len(tested.items)} distinct items that the training has not; "
        f"{templates} templates, the end and UNK; intervals over distinct sequences",
        "weights of the blend, from the training part: "
        + ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items()),
        f"{ONCE} is a chain of order {LONG} that learns each distinct item once",
    ]
    for name in statistics:
        if name != "blend":
            for metric in ("top1", "bits_per_event"):
                gain = difference(statistics["blend"][metric], statistics[name][metric])
                notes.append(f"blend minus {name}, {metric}: {_drawn(gain, tested, seed)}")
    notes.append("client: sequence accuracy 0.91")
    return tuple(notes)
