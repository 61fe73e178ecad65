"""ResolutionService: in which order the ten actions are suggested, and what every click teaches.

Three policies learn from the same log (models/learn/resolution_policies.py). One of them orders the suggestions: the one
that a person promoted last, else the one that the settings name, else the winner of `stacklens evaluate resolution`.
Clicks move the linear policy before the next suggestion; ResolutionDQN learns them in a thread, in seconds. Both are
functions of the log: forget everything, read it again, and they are the same.

Now and then another plausible action is shown first, and the chance of it is stored with the answer. From these chances
the page estimates what a policy that does not run would have earned (models/learn/off_policy.py), on clicks that it had
not learnt yet. It is promoted only where the interval of the gain lies above 0.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock, Thread
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain import Entry, InvalidInput, effective
from app.services.resolution_log import Click, Error, ResolutionLog
from app.settings import ROOT
from app.storage.clicks import MOVING
from app.storage.store import Store
from models.analyse import resolution_state as rs
from models.analyse.resolution_scorer import Weights, load
from models.learn import off_policy
from models.learn.bandits import safely
from models.learn.off_policy import Estimate, Logged
from models.learn.resolution_policies import (
    CORPUS,
    DQN,
    LINEAR,
    CorpusPolicy,
    DeepPolicy,
    LinearPolicy,
    Policy,
)
from models.taxonomy import ACTIONS

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: The shipped warm start.
PRETRAINED: Final = ROOT / "models" / "pretrained" / "resolution"
#: The winner by measurement (tests/benchmarks/RESULTS.md).
WINNER: Final = LINEAR
#: Fewer clicks than these with a known chance say nothing of another policy.
ENOUGH_CLICKS: Final = 50
#: A candidate is judged only where the running policy could have shown nearly all that it would show.
ENOUGH_SUPPORT: Final = 0.95


@dataclass(frozen=True, slots=True)
class Advice:
    """All ten actions, what is shown first leading; estimated chances of acceptance in [0, 1].

    `chances`: the probability with which each could have been shown first; those that are left out could not.
    """

    order: tuple[str, ...]
    scores: Mapping[str, float]
    chances: Mapping[str, float]
    policy: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a policy would have earned on the clicks so far: share accepted at the first suggestion; `gain` against what ran.

    `support` in [0, 1]: the share of its choices that could have been shown; `why` says whether it may be promoted.
    """

    policy: str
    clicks: int
    ran: float
    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    gain: Estimate
    support: float
    allowed: bool
    why: str


class ResolutionService:
    def __init__(
        self, store: Store, encoder_version: str, dims: int, *, policy: str = "auto", explore: float = 0.1,
        folder: Path = PRETRAINED, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """`policy`: one of POLICIES or "auto"; `explore` in [0, 1): how often another plausible action comes first."""
        self._store = store
        self._inputs = dims + rs.WIDTH
        self._clock = clock
        self._explore = explore
        self._wanted = policy
        self._folder, self._encoder_version, self._dims = folder, encoder_version, dims
        self._lock = RLock()
        self._thread: Thread | None = None
        self._closed = False
        self._start: Weights | None = None
        self._seen: int
        self._forget()

    @property
    def explore(self) -> float:
        return self._explore

    @property
    def available(self) -> tuple[str, ...]:
        """The policies that can run here: no DQN with an encoder that its weights were not trained on."""
        return tuple(self._policies)

    @property
    def default(self) -> str:
        """The policy that the settings name, else the winner of the measurement."""
        return self._wanted if self._wanted in self._policies else WINNER

    @property
    def current(self) -> str:
        """The policy that orders the suggestions."""
        self.refresh()
        return self._current()

    @property
    def version(self) -> str:
        """Names the policy and the log's row up to which it has learnt."""
        name = self.current
        return f"resolution-{name}@{self._learnt[name]}"

    def advise(self, error: Error, issue_id: int | None = None) -> Advice:
        """The order for an error. Only for a stored issue another action may come first: only there it can be answered."""
        with self._lock:
            self.refresh()
            fits = (
                len(error.vector) + rs.WIDTH == self._inputs
            )  # else another encoder's, which waits to be embedded anew
            name = self._current() if fits else CORPUS
            state = self._log.state(error, issue_id, self._clock())
            scores = self._policies[name].expected(state)
        rejected = rs.masked(state[None])[0]
        share = self._explore if issue_id is not None else 0.0
        choice = safely(scores, rejected, _draw(issue_id, rejected), share=share)
        order = sorted(range(len(ACTIONS)), key=lambda a: (a != choice.action, rejected[a], -scores[a]))
        return Advice(
            tuple(ACTIONS[a] for a in order),
            {action: float(np.clip(score, 0, 1)) for action, score in zip(ACTIONS, scores, strict=True)},
            {ACTIONS[a]: float(p) for a, p in enumerate(choice.probabilities) if p > 0},
            f"resolution-{name}@{self._learnt[name]}",
        )

    def refresh(self) -> None:
        """Takes what was said since: into the linear policy at once, into the DQN in the background."""
        newest = self._store.clicks.newest()
        if newest == self._seen:
            return
        with self._lock:
            entries = self._store.clicks.after(self._seen)
            if any(entry.kind in MOVING for entry in entries) and self._seen:
                self._forget()
                entries = self._store.clicks.after(0)
            self._take(effective(entries))
            self._seen = max(newest, entries[-1].id or 0) if entries else newest
            if self._pending():
                self._learn_in_background()

    def rebuild(self) -> None:
        """Forgets all that was learnt and learns it again from the log; returns when the DQN has caught up."""
        with self._lock:
            self._forget()
        self.settle()

    def settle(self, timeout: float | None = None) -> bool:
        """Waits until everything that was said is learnt; False if it takes longer than `timeout` seconds."""
        self.refresh()
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return not self._pending()

    def fingerprint(self) -> str:
        """Changes with any weight of any policy."""
        digest = hashlib.blake2b(digest_size=8)
        with self._lock:
            for name, policy in self._policies.items():
                for part, value in sorted(policy.weights().items()):
                    digest.update(f"{name}.{part}".encode() + np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()

    def clicks(self) -> tuple[list[Click], dict[int, str]]:
        """All that hold, oldest first, and of accepted ones (by the log's row) whether they worked, failed or came back."""
        with self._lock:
            self.refresh()
            return list(self._log.clicks), dict(self._log.worked)

    def state_of(self, issue_id: int) -> Floats | None:
        """(d + 128,) the state of a stored issue now; None if it is gone, or embedded by another encoder."""
        with self._lock:
            self.refresh()
            error = self._log.error(issue_id)
            if error is None or len(error.vector) + rs.WIDTH != self._inputs:
                return None
            return self._log.state(error, issue_id, self._clock())

    def values(self, state: Floats) -> dict[str, Doubles]:
        """Of every policy (10,): its estimated chances; under "q" the DQN's Q values, where it runs."""
        with self._lock:
            values = {name: policy.expected(state) for name, policy in self._policies.items()}
            deep = self._policies.get(DQN)
            return values | ({"q": deep.values(state)} if isinstance(deep, DeepPolicy) else {})

    def nearest_accepted(self, state: Floats, issue_id: int | None) -> list[tuple[int, float, Click]]:
        """Why: issues like it that an action was accepted for, (issue id, cosine, its newest acceptance), most alike first."""
        with self._lock:
            self.refresh()
            near = self._log.nearest(state[: -rs.WIDTH], issue_id)
            newest = {click.issue_id: click for click in self._log.clicks if click.accepted}
        return [(other, cosine, newest[other]) for other, cosine in near if other in newest]

    def given_up(self, clicks: Sequence[Click]) -> list[float]:
        """Of each click, the running policy's estimate for its best open action less that for the action answered, >= 0."""
        with self._lock:
            policy = self._policies[self._current()]
        return [
            _less_than_best(policy if len(click.step.state) == self._inputs else CorpusPolicy(), click)
            for click in clicks
        ]

    def candidate(self, name: str) -> Candidate:
        """The off-policy estimate of a policy, each click judged by what it knew before that click."""
        with self._lock:
            self.refresh()
            shown = self._shown[name]
            rows = [place for place, click in enumerate(self._log.clicks) if click.chances and place < len(shown)]
            clicks = [self._log.clicks[place] for place in rows]
            policy = np.array([shown[place] for place in rows]).reshape(-1, len(ACTIONS))
        return _judged(name, clicks, policy)

    def promote(self, name: str, *, actor: str, key: str) -> str:
        """Lets a policy order the suggestions from now on; InvalidInput where the estimate does not allow it.

        Going back to the winner of the measurement is always allowed. Returns the reason, which is stored with the name.
        """
        if name not in self._policies:
            raise InvalidInput(f"there is no policy {name!r} here; one of {', '.join(self._policies)}")
        judged = self.candidate(name)
        back = name == self.default
        if not (judged.allowed or back):
            raise InvalidInput(f"{name} is not promoted: {judged.why}")
        why = "back to the policy that won the measurement" if back and not judged.allowed else judged.why
        reason = {"why": why, "clicks": judged.clicks, "ran": _number(judged.ran), "gain": _of(judged.gain),
                  "doubly_robust": _of(judged.doubly_robust), "support": _number(judged.support)}  # fmt: skip
        answer = {"policy": name, "reason": json.dumps(reason)}
        self._store.log.append(Entry(key=key, at=self._clock(), actor=actor, kind="promote_policy", answer=answer))
        self.refresh()
        return why

    def close(self) -> None:
        """Stops learning; what is not learnt yet is in the log."""
        self._closed = True
        thread = self._thread
        if thread is not None:
            thread.join()

    def _forget(self) -> None:
        self._log = ResolutionLog(self._store)
        self._seen = 0
        self._promoted = ""
        self._policies: dict[str, Policy] = {CORPUS: CorpusPolicy(), LINEAR: LinearPolicy(self._inputs)}
        if self._start is None:
            self._start = shipped(self._folder, self._encoder_version, self._dims)
        if self._start:
            self._policies[DQN] = DeepPolicy(self._start)
        self._shown: dict[str, list[Doubles]] = {name: [] for name in self._policies}
        self._places = dict.fromkeys(self._policies, 0)
        self._learnt = dict.fromkeys(self._policies, 0)

    def _current(self) -> str:
        return self._promoted if self._promoted in self._policies else self.default

    def _take(self, entries: list[Entry]) -> None:
        self._log.take(entry for entry in entries if entry.kind != "promote_policy")
        for entry in entries:
            if entry.kind == "promote_policy":
                self._promoted = str(entry.answer.get("policy", ""))
        for name in (CORPUS, LINEAR):
            while self._learn_next(name):
                pass

    def _learn_next(self, name: str) -> bool:
        """One step into a policy, after what it would have shown there was noted; False when there is none left."""
        place = self._places[name]
        if place >= len(self._log.steps):
            return False
        step = self._log.steps[place]
        policy = self._policies[name] if len(step.state) == self._inputs else CorpusPolicy()
        if step.amends is None:
            rejected = rs.masked(step.state[None])[0]
            self._shown[name].append(safely(policy.expected(step.state), rejected, 0.0, share=0.0).probabilities)
        policy.learn(step)
        self._places[name], self._learnt[name] = place + 1, step.entry
        return True

    def _pending(self) -> bool:
        return DQN in self._policies and self._places[DQN] < len(self._log.steps)

    def _learn_in_background(self) -> None:
        if self._closed or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = Thread(target=self._catch_up, name="resolution", daemon=True)
        self._thread.start()

    def _catch_up(self) -> None:
        import models.learn.resolution  # noqa: F401 - torch is loaded outside the lock, a page may be waiting for it

        while not self._closed:
            with self._lock:
                if DQN not in self._policies or not self._learn_next(DQN):
                    self._thread = None
                    return


def shipped(folder: Path, encoder_version: str, dims: int) -> Weights:
    """The warm start's weights; none where there are none, or where they belong to another encoder."""
    file, card = folder / "model.safetensors", folder / "card.json"
    if not file.is_file() or not card.is_file():
        return {}
    trained_on = str(json.loads(card.read_text(encoding="utf-8"))["encoder"])
    weights = load(file) if trained_on.partition("/")[0] == encoder_version.partition("/")[0] else {}
    return weights if weights and weights["fc1.weight"].shape[1] == dims + rs.WIDTH else {}


def _judged(name: str, clicks: list[Click], policy: Doubles) -> Candidate:
    actions = np.array([click.step.action for click in clicks], dtype=np.int64)
    rewards = np.array([float(click.accepted) for click in clicks])
    model = np.array([rs.posterior(click.step.state) for click in clicks]).reshape(-1, len(ACTIONS))
    shown = np.array([[click.chances.get(action, 0.0) for action in ACTIONS] for click in clicks]).reshape(
        -1, len(ACTIONS)
    )
    propensities = shown[np.arange(len(actions)), actions]
    logged = Logged(actions, rewards, propensities, float(shown[shown > 0].min()) if len(clicks) else None)
    gain, support = off_policy.gain(logged, policy, model), off_policy.support(policy, shown)
    if len(clicks) < ENOUGH_CLICKS:
        why = f"only {len(clicks)} answers to a first suggestion so far; {ENOUGH_CLICKS} are needed"
    elif support < ENOUGH_SUPPORT:
        why = (
            f"{100 * (1 - support):.0f} % of what it would suggest could not have been shown, so nothing is known of it"
        )
    elif gain.low <= 0:
        why = f"the gain in acceptance lies between {gain.low:+.3f} and {gain.high:+.3f}: not surely above 0"
    else:
        why = f"the gain in acceptance lies between {gain.low:+.3f} and {gain.high:+.3f}, above 0"
    allowed = len(clicks) >= ENOUGH_CLICKS and support >= ENOUGH_SUPPORT and gain.low > 0
    return Candidate(
        name, len(clicks), float(rewards.mean()) if len(clicks) else float("nan"), off_policy.ips(logged, policy),
        off_policy.snips(logged, policy), off_policy.doubly_robust(logged, policy, model), gain, support, allowed, why,
    )  # fmt: skip


def _less_than_best(policy: Policy, click: Click) -> float:
    state = click.step.state
    if not click.chances:
        return 0.0  # the person chose it, nothing was shown instead of the best
    expected = np.clip(policy.expected(state), 0, 1)
    best = np.where(rs.masked(state[None])[0], 0.0, expected).max()
    return float(max(0.0, best - expected[click.step.action]))


def _draw(issue_id: int | None, rejected: NDArray[np.bool_]) -> float:
    """In [0, 1), the same each time the page is drawn, another after each reject: what is shown must not flicker."""
    digest = hashlib.blake2b(f"{issue_id}:{rejected.tolist()}".encode(), digest_size=7).digest()
    return int.from_bytes(digest) / 256**7


def _of(estimate: Estimate) -> dict[str, float | None]:
    return {"value": _number(estimate.value), "low": _number(estimate.low), "high": _number(estimate.high)}


def _number(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
