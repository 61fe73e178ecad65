"""`resolution` on errors whose acceptable actions are known: 5 folds, clicks one at a time, many shuffles.

Each learner sees the training folds once in a drawn order, shows one action an error and is told whether it is among the
acceptable ones. Then its first suggestion on the test fold is looked at, without exploration. All start from the same
corpus: linear learners, logistic regression and full_information from the corpus reader's scores as their prior, the DQN
from its weights. Intervals and tests are over errors, paired, each error's answers averaged over the shuffles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.domain import InvalidInput
from app.evaluation.data import Row, texts_of
from app.evaluation.metrics import bootstrap, mean
from app.evaluation.product import load_encoder
from app.evaluation.report import Interval, Metrics, Report, Request
from app.evaluation.resolution_players import RIVALS, Belief, Deep, Make, Player, Safe, linear
from app.services.reading import ReadingService, prepared
from app.services.resolutions import PRETRAINED, WINNER, shipped
from app.settings import SAMPLE_DATA
from models.analyse import resolution_state as rs
from models.learn import off_policy
from models.learn.bandits import FullInformation
from models.learn.resolution import Learner
from models.learn.resolution_policies import CORPUS, DQN, LINEAR
from models.taxonomy import ACTIONS

SHUFFLES: Final = 20
FOLDS: Final = 5
#: Replays for the coverage of the off-policy interval, and their logging policy.
REPLAYS: Final = 200
GREEDY, UNIFORM = 0.8, 0.2

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Errors:
    """`states` (n, 512) without clicks, `right` (n, 10), `cosine` (n, n) with 0 where errors are not alike enough."""

    states: Floats
    right: Doubles
    cosine: Doubles


@dataclass(slots=True)
class Sums:
    """Per learner, over all passes: of each error (n,) how often it was right in training, on the test, within three."""

    train: Doubles
    test: Doubles
    within_3: Doubles
    curve: Doubles  # (clicks,) right answers by number of the click


def measure(request: Request, rows: Sequence[Row]) -> Report:
    errors, players = prepare(request, rows)
    shuffles = request.seeds or SHUFFLES
    sums = {name: play(errors, name, make, request.seed, shuffles) for name, make in players.items()}
    n, full = len(errors.states), sums["full_information"]
    product = sums[WINNER]
    results = {name: _metrics(one, full, n, request.seed) for name, one in sums.items()}
    results[WINNER] = {**results[WINNER], **_shares(product, full, request.seed), **_coverage(errors, request.seed)}
    notes = [
        f"{n} errors, {FOLDS} folds, {shuffles} shuffles of the {n - n // FOLDS} clicks; the product is {WINNER}",
        "regret: right answers of full_information less the learner's, summed over the clicks of one pass; below 0 it did better",
        "all but fixed_ladder start from the corpus: by its scores as their prior, the DQN by its warm start too",
        f"off-policy: {REPLAYS} replays, logging policy {GREEDY} greedy + {UNIFORM} uniform; doubly robust; beside it IPS, SNIPS",
    ]
    for name, one in sums.items():
        if name not in (WINNER, "full_information"):
            pairs = {"accept_rate": product.test - one.test, "right answers while learning": product.train - one.train}
            notes += [
                f"product minus {name}, {metric}: {bootstrap(mean(values), n, seed=request.seed)}"
                for metric, values in pairs.items()
            ]
    model = f"resolution-{WINNER}"
    return Report(n, model, results.pop(WINNER), results, tuple(notes))


def prepare(request: Request, rows: Sequence[Row]) -> tuple[Errors, dict[str, Make]]:
    """Errors with actions as states, and the learners; InvalidInput where no row has actions that are known."""
    rows = [row for row in rows if row.get("actions") and row.get("is_error", True)]
    right = np.array([[action in row["actions"] for action in ACTIONS] for row in rows], dtype=np.float64).reshape(
        -1, 10
    )
    known: NDArray[np.bool_] = right.sum(axis=1) > 0
    if known.sum() < 2 * FOLDS:
        raise InvalidInput("needs at least ten errors with known actions")
    encoder = request.encoder or load_encoder(request.settings)
    texts = [prepared(text) for text, keep in zip(texts_of(rows), known.tolist(), strict=True) if keep]
    reading = ReadingService(SAMPLE_DATA / "corpus", encoder, request.settings.cache_dir)
    vectors = encoder.encode(texts)
    states = np.stack(
        [rs.state(v, rs.columns(read)) for v, read in zip(vectors, reading.read(vectors, texts), strict=True)]
    )
    cosine = (vectors @ vectors.T).astype(np.float64)
    np.fill_diagonal(cosine, 0)
    cosine[cosine < rs.NEAR_FROM] = 0
    players: dict[str, Make] = {
        LINEAR: lambda actions, inputs, seed: linear(actions, inputs, seed, request.settings.explore),
        CORPUS: lambda actions, inputs, seed: Safe(Belief(), seed, request.settings.explore),
        **RIVALS,
    }
    start = shipped(PRETRAINED, encoder.version, encoder.dims)
    if start:
        players[DQN] = lambda actions, inputs, seed: Safe(
            Deep(Learner(inputs, actions, seed=seed, weights=start), actions, ends=False),
            seed,
            request.settings.explore,
        )
    return Errors(states, right[known], cosine), players


def play(errors: Errors, name: str, make: Make, seed: int, shuffles: int) -> Sums:
    """All folds and shuffles of one learner; the same folds and orders for every learner."""
    n, actions = errors.right.shape
    folds = np.random.default_rng(seed).permutation(n) % FOLDS
    clicks = n - int(np.bincount(folds).max())
    sees = name in (CORPUS, DQN)  # the others are told of clicks by learning them; see LinearPolicy
    sums = Sums(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(clicks))
    for shuffle in range(shuffles):
        for fold in range(FOLDS):
            order = np.random.default_rng([seed, shuffle, fold]).permutation(np.flatnonzero(folds != fold))
            learner = make(actions, errors.states.shape[1], 1000 * seed + FOLDS * shuffle + fold)
            _pass(errors, learner, (order, np.flatnonzero(folds == fold)), sums, sees=sees)
    return Sums(
        sums.train / ((FOLDS - 1) * shuffles),
        sums.test / shuffles,
        sums.within_3 / shuffles,
        sums.curve / (FOLDS * shuffles),
    )


def _pass(errors: Errors, learner: Player, parts: tuple[Ints, Ints], sums: Sums, *, sees: bool) -> None:
    good, bad = np.zeros_like(errors.right), np.zeros_like(errors.right)
    order, test = parts

    def context(row: int) -> tuple[Floats, Doubles]:
        state = _clicked(errors, row, good, bad) if sees else _state(errors, row)
        return state, rs.posterior(state)

    for place, row in enumerate(order.tolist()):
        state, prior = context(row)
        action = int(np.argmax(learner.scores(state, prior)))
        reward = errors.right[row, action]
        sums.train[row] += reward
        if place < len(sums.curve):
            sums.curve[place] += reward
        if isinstance(learner, FullInformation):
            learner.learn_all(state, prior, errors.right[row])
        else:
            learner.learn(state, prior, action, float(reward))
        (good if reward else bad)[row, action] += 1
    for row in test.tolist():
        hits = _three(errors.right[row], learner, *context(row))
        sums.test[row] += hits[0]
        sums.within_3[row] += max(hits)


def _three(right: Doubles, learner: Player, state: Floats, prior: Doubles) -> list[float]:
    """Whether each of the first three suggestions is right, each after the wrong ones before it were rejected."""
    hits: list[float] = []
    taken = np.zeros(len(right), dtype=bool)
    for _ in range(3):
        action = int(np.argmax(np.where(taken, -np.inf, learner.expected(state, prior))))
        hits.append(float(right[action]))
        taken[action] = True
        state = rs.with_rejected(state[None], action)[0]
    return hits


def _state(errors: Errors, row: int) -> Floats:
    state: Floats = errors.states[row]
    return state


def _clicked(errors: Errors, row: int, good: Doubles, bad: Doubles) -> Floats:
    """The state with the answers on the nearest errors that were clicked so far."""
    near = np.flatnonzero(errors.cosine[row] * (good + bad).sum(axis=1))
    if not len(near):
        return _state(errors, row)
    near = near[np.argsort(-errors.cosine[row, near], kind="stable")][: rs.NEAREST]
    cosine, state = errors.cosine[row, near], _state(errors, row).copy()
    columns = state[-rs.WIDTH :]
    columns[rs.NEAR_GOOD], columns[rs.NEAR_BAD] = cosine @ good[near], cosine @ bad[near]
    columns[rs.PLACE["clicks_near"]] = np.log1p((cosine @ (good + bad)[near]).sum())
    columns[rs.PLACE["similarity_nearest"]] = cosine[0]
    return state


def _metrics(one: Sums, full: Sums, n: int, seed: int) -> dict[str, Interval]:
    clicks = n * (FOLDS - 1) / FOLDS
    return {
        "accept_rate": bootstrap(mean(one.test), n, seed=seed),
        "accept_within_3": bootstrap(mean(one.within_3), n, seed=seed),
        "accept_rate_while_learning": bootstrap(mean(one.train), n, seed=seed),
        "regret": bootstrap(mean(clicks * (full.train - one.train)), n, seed=seed),
        "accept_rate_first_80_clicks": Interval(float(one.curve[:80].mean())),
        "accept_rate_last_80_clicks": Interval(float(one.curve[-80:].mean())),
    }


def _shares(product: Sums, full: Sums, seed: int) -> Metrics:
    """The product's accept rate as a share of full information's, on the same draws."""
    share = lambda weights: (weights @ product.test) / (weights @ full.test)  # noqa: E731
    return {"share_of_full_information": bootstrap(share, len(full.test), seed=seed)}


def _coverage(errors: Errors, seed: int) -> Metrics:
    """How often the 95 % intervals hold the true accept rate of a policy that did not run.

    The policy: a ridge fitted on every second error with all answers known; clicks are drawn from all errors, so its
    truth is known. The log's greedy part and the model of the reward are the corpus' scores.
    """
    n, actions = errors.right.shape
    rng = np.random.default_rng([seed, 7])
    learner = FullInformation(actions, errors.states.shape[1])
    prior = np.stack([rs.posterior(state) for state in errors.states])
    for row in range(0, n, 2):
        learner.learn_all(errors.states[row], prior[row], errors.right[row])
    chosen = np.array([int(learner.expected(*pair).argmax()) for pair in zip(errors.states, prior, strict=True)])
    policy, greedy = np.eye(actions)[chosen], prior.argmax(axis=1)
    truth = float(errors.right[np.arange(n), chosen].mean())
    chance = np.full((n, actions), UNIFORM / actions)
    chance[np.arange(n), greedy] += GREEDY
    held: dict[str, list[float]] = {"ope_coverage_95": [], "ope_coverage_95_ips": [], "ope_coverage_95_snips": []}
    widths: list[float] = []
    for _ in range(REPLAYS):
        rows = rng.integers(n, size=n)
        action = (chance[rows].cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
        logged = off_policy.Logged(action, errors.right[rows, action], chance[rows, action], UNIFORM / actions)
        estimates: tuple[Any, ...] = (
            off_policy.doubly_robust(logged, policy[rows], prior[rows]),
            off_policy.ips(logged, policy[rows]),
            off_policy.snips(logged, policy[rows]),
        )
        for name, estimate in zip(held, estimates, strict=True):
            held[name].append(float(estimate.low <= truth <= estimate.high))
        widths.append(estimates[0].width)
    metrics = {name: bootstrap(mean(values), REPLAYS, seed=seed) for name, values in held.items()}
    return {**metrics, "ope_interval_width": Interval(float(np.mean(widths)))}
