"""ModelRegistry: which version of a model answers, which one waits beside it, and the way there and back.

A version is a row of the store and a folder `models/<name>/<version>/` of the data folder: model.safetensors and card.json. The
folder is complete before the row is there, the row says which version answers, and one transaction switches it: whatever
stops a process in between, one whole version answers. Weights whose sha256 is not the row's are refused. What ships with the
program is the version "shipped-<hash>" and always there to go back to.

    candidate -> shadow (reads, is not shown) -> ab (reads a share of new errors) -> current -> retired
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.domain import Entry, InvalidInput, StackLensError, Unavailable
from app.services.files import atomic_write
from app.services.reading import ReadingService
from app.settings import ROOT
from app.storage.store import Store
from app.storage.versions import Version
from models.analyse.corpus_classifier import CorpusClassifier
from models.analyse.token_head import Outputs
from models.learn.gate import Compared, Decision
from models.learn.sequential import Arm, Standing, standing
from models.records import Reading

_LOG = logging.getLogger(__name__)
#: Models that have versions. The reader of the errors is the classifier.
NAMES: Final = ("classifier", "ner", "vae", "cascade", "graph", "resolution")
READER: Final = "classifier"
WEIGHTS, CARD = "model.safetensors", "card.json"
#: Signatures that a version reads in the shadow before it may go on; fewer where fewer are stored.
SHADOW_LEAST: Final = 50
#: Share of new errors that an A/B test gives to the new version at first.
SHARE: Final = 0.2
Floats = NDArray[np.float32]


class ModelRegistry:
    """`folder`: of the versions made here; `pretrained`: of what ships. Safe to share between threads and processes."""

    def __init__(  # noqa: PLR0917 - wired by name in one place
        self, store: Store, reading: ReadingService, folder: Path, encoder_version: str,
        pretrained: Path = ROOT / "models" / "pretrained", clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._store, self._reading, self._folder, self._pretrained = store, reading, folder, pretrained
        self._encoder_version, self._clock = encoder_version, clock
        self._lock = Lock()
        self._stamp: tuple[str, str] | None = None
        self._serving: tuple[Version | None, Version | None] = (None, None)
        self._readers: dict[int, CorpusClassifier] = {}
        #: Why the version that should answer does not, "" where it does.
        self.problem = ""

    # --- which versions there are

    def versions(self, name: str = "") -> list[Version]:
        """Newest first, of one model or of all; what ships is among them. InvalidInput: there is no such model."""
        if name and name not in NAMES:
            raise InvalidInput(f"there is no model {name!r}; one of {', '.join(NAMES)}")
        for each in [name] if name else NAMES:
            self._with_shipped(each)
        return self._store.versions.all(name)

    def get(self, name: str, version: str) -> Version:
        return next((one for one in self.versions(name) if one.version == version), None) or self._store.versions.get(
            name, version
        )

    def current(self, name: str = READER) -> Version:
        """The one that answers. Unavailable: nothing of that model is there."""
        found = next((one for one in self.versions(name) if one.state == "current"), None)
        if found is None:
            raise Unavailable(f"no version of {name} is there; train one: stacklens train {name}")
        return found

    def waiting(self) -> Version | None:
        """The reader in shadow or A/B test."""
        return next((one for one in self._store.versions.all(READER) if one.state in ("shadow", "ab")), None)

    # --- a new one

    def register(
        self,
        name: str,
        blob: bytes,
        *,
        code: str,
        seed: int,
        data: dict[str, Any],
        metrics: dict[str, Any],
        reason: str,
    ) -> Version:
        """Stores weights (safetensors) and their card as a candidate; the same weights twice are one version."""
        digest = hashlib.sha256(blob).hexdigest()
        known = next((one for one in self.versions(name) if one.sha256 == digest), None)
        if known is not None:
            return known
        number = 1 + sum(not one.shipped for one in self.versions(name))
        now = self._clock()
        version = Version(
            name, f"v{number}-{digest[:8]}", "candidate", now, now, code, seed, data, metrics, digest, reason
        )
        target = self._folder / name / version.version
        if target.exists():  # of a process that stopped between folder and row
            shutil.rmtree(target)
        building = self._folder / name / f".{version.version}"
        shutil.rmtree(building, ignore_errors=True)
        card = asdict(version) | {"encoder": self._encoder_version}
        atomic_write(building / WEIGHTS, lambda stream: stream.write(blob))
        atomic_write(building / CARD, lambda stream: stream.write((json.dumps(card, indent=1) + "\n").encode()))
        building.replace(target)
        return self._store.versions.add(version)

    # --- the way to the front

    def stage(
        self, name: str, version: str, state: str, *, actor: str, key: str, reason: str, share: float = SHARE
    ) -> Version:
        """To "shadow", "ab" or "retired". InvalidInput: not from there, or (ab) the gate keeps it out."""
        if state not in ("shadow", "ab", "retired"):
            raise InvalidInput(f"{state!r} is no stage; one of shadow, ab, retired")
        found = self._own(name, version, actor)
        if found.state == "current":
            raise InvalidInput(f"{version} answers now; promote another one, or roll back")
        if state != "retired":
            self.load(found)
        if state == "ab":
            if not 0 < share <= 0.5:
                raise InvalidInput("a share of new errors between 0 and 0.5")
            self._shadowed(found)
            self._passes(found)
        answer = {
            "name": name,
            "version": version,
            "state": state,
            "share": share if state == "ab" else 0.0,
            "reason": reason,
        }
        entry = Entry(key=key, at=self._clock(), actor=actor.strip(), kind="stage_model", answer=answer)
        self._store.versions.stage(found, state, share if state == "ab" else 0.0, entry)
        return self._store.versions.get(name, version)

    def promote(self, name: str, version: str, *, actor: str, key: str, reason: str, skip_ab: bool = False) -> Version:
        """From now on it answers. InvalidInput, with the reason: it was not in the shadow, the gate or the A/B test says no,
        its weights are not those that were registered. `skip_ab`: without waiting for the A/B test, which the log keeps."""
        if self._store.log.by_key(key) is not None:
            return self._store.versions.get(name, version)
        found = self._own(name, version, actor)
        if found.state == "current":
            raise InvalidInput(f"{version} answers already")
        if found.state not in ("shadow", "ab"):
            raise InvalidInput(f"{version} is {found.state}: a version is promoted from the shadow or from an A/B test")
        if not reason.strip():
            raise InvalidInput("say why: the reason stays in the log")
        self.load(found)
        self._shadowed(found)
        verdict = self._passes(found)
        self._ab_allows(found, verdict, skip_ab)
        before = self.current(name).version
        answer = {"name": name, "version": version, "before": before, "reason": reason, "skipped_ab": int(skip_ab)}
        self._store.versions.switch(
            found, Entry(key=key, at=self._clock(), actor=actor.strip(), kind="promote_model", answer=answer)
        )
        return self._store.versions.get(name, version)

    def rollback(self, name: str, *, actor: str, key: str, reason: str) -> Version:
        """The version before the current one answers again. InvalidInput: there is none."""
        if self._store.log.by_key(key) is not None:
            return self.current(name)
        if not actor.strip():
            raise InvalidInput("a name is needed: who says so?")
        current = self.current(name)
        known = {one.version: one for one in self.versions(name)}
        shipped = known.get(self._shipped(name)[0])
        before = known.get(current.replaced)
        target = before if before and not before.shipped else shipped
        if target is None or target.version == current.version:
            raise InvalidInput(f"{current.version} has nothing before it to go back to")
        if not target.shipped:
            try:
                self.load(target)
            except Unavailable:
                target = shipped or target
        answer = {"name": name, "version": target.version, "before": current.version, "reason": reason}
        entry = Entry(key=key, at=self._clock(), actor=actor.strip(), kind="rollback_model", answer=answer)
        self._store.versions.switch(target, entry, back=True)
        return self._store.versions.get(name, target.version)

    # --- how it stands

    def decision(self, version: Version) -> Decision | None:
        """The gate's, as it was measured against the version that answers; None where it was not."""
        gate = version.metrics.get("gate")
        if not gate or gate.get("against") != self.current(version.name).version:
            return None
        return Decision(gate["verdict"], tuple(gate["reasons"]), tuple(Compared(**row) for row in gate["compared"]))

    def decided(self, version: Version, decision: Decision) -> Version:
        """Keeps what the gate said, against the version that answers now."""
        gate = {"verdict": decision.verdict, "reasons": list(decision.reasons), "against": self.current(version.name).version,
                "compared": [asdict(part) for part in decision.compared], "at": self._clock()}  # fmt: skip
        self._store.versions.measured(version, version.metrics | {"gate": gate})
        return self._store.versions.get(version.name, version.version)

    def ab(self, version: Version) -> Standing:
        """Accepted shares of the errors that the current version (a) and this one (b) read since its A/B test began."""
        name = reader_name(version)
        answers = self._store.versions.answers(version.since) if version.state == "ab" else []
        new = [accepted for reader, accepted in answers if reader.startswith(name)]
        old = [accepted for reader, accepted in answers if not reader.startswith(name)]
        return standing(Arm(sum(old), len(old)), Arm(sum(new), len(new)))

    def stop_rule(self) -> str:
        """Ends an A/B test that the new version loses, or that took too long; why, "" where it goes on. The log keeps it."""
        waiting = self.waiting()
        if waiting is None or waiting.state != "ab":
            return ""
        test = self.ab(waiting)
        if test.verdict not in ("worse", "undecided"):
            return ""
        reason = f"the A/B test: {test.reason}"
        key = f"stop:{waiting.id}:{waiting.since}"
        self.stage(waiting.name, waiting.version, "retired", actor="stacklens", key=key, reason=reason)
        return reason

    # --- reading

    @property
    def reader_version(self) -> str:
        """What the current reader calls itself in stored readings."""
        current, _ = self._now()
        return reader_name(current) if current else self._reading.shipped_version

    def read(
        self, vectors: Floats, texts: Sequence[str], outputs: Sequence[Outputs] | None, keys: Sequence[str] = ()
    ) -> list[Reading]:
        """By the version that answers; in an A/B test the new one reads its share of the `keys` (n) of signatures."""
        current, candidate = self._now()
        readings = self.read_by(current, vectors, texts, outputs)
        rows = [row for row, key in enumerate(keys) if candidate and in_share(key, candidate.version, candidate.share)]
        if rows and candidate:
            some = None if outputs is None else [outputs[row] for row in rows]
            other = self.read_by(candidate, vectors[rows], [texts[row] for row in rows], some)
            for row, reading in zip(rows, other, strict=True):
                readings[row] = reading
        return readings

    def read_by(
        self, version: Version | None, vectors: Floats, texts: Sequence[str], outputs: Sequence[Outputs] | None = None
    ) -> list[Reading]:
        """By one version, None and a shipped one: what ships. Unavailable: its weights are refused."""
        if version is None or version.shipped:
            return self._reading.shipped(vectors, texts, outputs)
        return self._reading.by_kernel(self.load(version), vectors, texts, outputs)

    def load(self, version: Version) -> CorpusClassifier:
        """The reader of a version of our own. Unavailable: missing, changed, damaged, or of another corpus or encoder."""
        from safetensors.numpy import load

        from models.analyse.taught_kernel import unpack

        if version.name != READER or version.shipped:
            raise Unavailable(f"{version.name} {version.version} is no reader that was made here")
        if version.id in self._readers:
            return self._readers[version.id]
        try:
            blob = (self._folder / version.name / version.version / WEIGHTS).read_bytes()
        except OSError as error:
            raise Unavailable(
                f"the weights of {version.name} {version.version} are not there; train a new one"
            ) from error
        if hashlib.sha256(blob).hexdigest() != version.sha256:
            raise Unavailable(f"the weights of {version.name} {version.version} are damaged or were changed: their sha256 is not "
                              "the one that was registered. They are not used")  # fmt: skip
        if version.data.get("corpus") != self._reading.shipped_version:
            raise Unavailable(
                f"{version.name} {version.version} was made with another corpus, encoder or normaliser; train a new one"
            )
        templates, corpus = self._reading.templates, self._reading.vectors()
        reader = unpack(
            load(blob), version.data["keys"], templates, corpus, self._reading.other_vectors(), reader_name(version)
        )
        self._readers[version.id] = reader
        return reader

    def shadow(self, limit: int = 200) -> int:
        """Lets the version in waiting read up to `limit` of the newest signatures it has not read; how many it read."""
        waiting = self.waiting()
        if waiting is None:
            return 0
        rows = self._store.versions.unread(waiting.id, self._encoder_version, limit)
        if rows:
            from models.text.signature import encoder_text

            vectors, texts = np.stack([row.vector for row in rows]), [encoder_text(row.signature) for row in rows]
            readings = self.read_by(waiting, vectors, texts)
            self._store.versions.shadow(waiting.id, {row.id: one for row, one in zip(rows, readings, strict=True)})
        return len(rows)

    def forget_removed(self) -> list[str]:
        """Takes away versions that learned from a text which was removed or purged since; their names."""
        gone = []
        for version in self._store.versions.all():
            keys = version.data.get("keys") or []
            folder = self._folder / version.name / version.version
            if version.shipped or not folder.exists() or self._store.versions.stored(keys) == len(set(keys)):
                continue
            reason = "a text that it learned from was removed"
            if version.state == "current":
                shutil.rmtree(folder)
                self.rollback(version.name, actor="stacklens", key=f"removed:{version.id}", reason=reason)
            else:
                answer = {
                    "name": version.name,
                    "version": version.version,
                    "state": "retired",
                    "share": 0.0,
                    "reason": reason,
                }
                entry = Entry(
                    key=f"removed:{version.id}", at=self._clock(), actor="stacklens", kind="stage_model", answer=answer
                )
                self._store.versions.stage(version, "retired", 0.0, entry)
                shutil.rmtree(folder)
            self._readers.pop(version.id, None)
            gone.append(version.version)
        return gone

    # --- inside

    def _now(self) -> tuple[Version | None, Version | None]:
        """The reader that answers (None: what ships) and the one in an A/B test; read anew when the store says so."""
        stamp = (self._store.versions.stamp(), self._store.signatures.stamp())
        with self._lock:
            if stamp != self._stamp:
                known = {one.state: one for one in self._store.versions.all(READER) if one.state in ("current", "ab")}
                if any(one.data.get("keys") for one in known.values()) and self.forget_removed():
                    known = {
                        one.state: one for one in self._store.versions.all(READER) if one.state in ("current", "ab")
                    }
                self.problem = ""
                self._serving = (self._usable(known.get("current")), self._usable(known.get("ab")))
                self._stamp = (self._store.versions.stamp(), self._store.signatures.stamp())
            return self._serving

    def _usable(self, version: Version | None) -> Version | None:
        """The version where it is one of our own that can be loaded; what ships reads in its place otherwise."""
        if version is None or (version.shipped and version.state == "current"):
            return None
        try:
            if not version.shipped:
                self.load(version)
        except StackLensError as error:
            self.problem = f"{error}; what ships reads instead"
            _LOG.error(self.problem)
            return None
        return version

    def _own(self, name: str, version: str, actor: str) -> Version:
        if not actor.strip():
            raise InvalidInput("a name is needed: who says so?")
        if name not in NAMES:
            raise InvalidInput(f"there is no model {name!r}; one of {', '.join(NAMES)}")
        found = self.get(name, version)
        if found.shipped:
            raise InvalidInput(f"{version} ships with the program: roll back to it")
        return found

    def _shadowed(self, version: Version) -> None:
        read, _ = self._store.versions.beside(version.id)
        wanted = min(SHADOW_LEAST, self._store.versions.signatures())
        if version.state not in ("shadow", "ab") or read < wanted:
            raise InvalidInput(f"{version.version} has read {read} errors in the shadow; at least {wanted} come first")

    def _passes(self, version: Version) -> str:
        decision = self.decision(version)
        if decision is None:
            raise InvalidInput(f"{version.version} was not measured against the version that answers now; run the gate")
        if decision.verdict in ("worse", "too few"):
            raise InvalidInput(f"the gate keeps {version.version} out: {'; '.join(decision.reasons)}")
        return decision.verdict

    def _ab_allows(self, version: Version, gate: str, skip: bool) -> None:
        test = self.ab(version)
        if test.verdict == "worse":
            raise InvalidInput(f"the A/B test keeps {version.version} out: {test.reason}")
        if test.verdict == "better" or (gate == "better" and test.verdict == "as good"):
            return
        if not skip:
            raise InvalidInput(f"the A/B test is not over: {test.reason}. To skip it is a choice that the log keeps")
        if gate != "better":
            raise InvalidInput("the A/B test can be skipped only where the gate found a gain beyond chance")

    def _with_shipped(self, name: str) -> None:
        """Sees to it that what ships now is a version, and the current one unless a version of our own is."""
        label, card, digest = self._shipped(name)
        if not label:
            return
        known = self._store.versions.all(name)
        current = next((one for one in known if one.state == "current"), None)
        if any(one.version == label for one in known) and current and (current.version == label or not current.shipped):
            return
        state = "retired" if current and not current.shipped else "current"
        data = {"said": str(card.get("data", "")), "split": str(card.get("split", ""))}
        code = (
            self._reading.shipped_version if name == READER else str(card.get("version") or card.get("encoder") or "")
        )
        now = self._clock()
        metrics = {"card": card.get("metrics", {})}
        reason = "ships with the program"
        self._store.versions.add(
            Version(name, label, state, now, now, code, int(card.get("seed", 0)), data, metrics, digest, reason)
        )

    def _shipped(self, name: str) -> tuple[str, dict[str, Any], str]:
        """Name, card and sha256 of what ships; the reader's name speaks of its corpus too. ("", {}, "") where nothing does."""
        card, digest = _card(self._pretrained / name)
        if not digest:
            return "", {}, ""
        of = (
            hashlib.sha256(f"{digest}{self._reading.shipped_version}".encode()).hexdigest()
            if name == READER
            else digest
        )
        return f"shipped-{of[:8]}", card, digest


def reader_name(version: Version) -> str:
    """What a version of our own calls itself in the readings that it makes."""
    return f"{version.name}-{version.version}"


def in_share(key: str, version: str, share: float) -> bool:
    """Whether the signature of this key is read by the new version: a share of all keys, by hash, the same at every door."""
    digest = hashlib.blake2b(f"{version}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) < share * 2**64


def _card(folder: Path) -> tuple[dict[str, Any], str]:
    """The card of what ships and the sha256 of its weights, "" where there are none."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        weights = (folder / WEIGHTS).read_bytes()
    except (OSError, ValueError):
        return {}, ""
    return (card if isinstance(card, dict) else {}), hashlib.sha256(weights).hexdigest()


def of_version(version: Version) -> dict[str, Any]:
    """As JSON, without the answers text by text."""
    row = asdict(version)
    row["data"] = {key: value for key, value in version.data.items() if key != "keys"}
    held = version.metrics.get("holdout", {})
    row["metrics"] = version.metrics | ({"holdout": {key: held[key] for key in held if key != "right"}} if held else {})
    return row
