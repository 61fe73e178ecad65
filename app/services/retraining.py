"""RetrainingService: a candidate for the reader, and the gate that measures it against the version that answers.

The candidate is the corpus kernel fitted anew with what people of this store labelled (models/analyse/taught_kernel.py). The
frozen holdout is the test part of the corpus split: whole families of technologies. Both versions are measured there by a twin,
the same recipe fitted without the holdout, as what answers has seen the whole corpus. On the audit sample the versions
themselves are measured, with the labels of this store on top, as people would see it; audit labels teach neither.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from app.services.active_learning import ActiveLearningService
from app.services.audit import AuditService
from app.services.labels import is_audit
from app.services.reading import RENDERINGS, ReadingService
from app.services.registry import READER, ModelRegistry
from app.storage.store import Store
from app.storage.versions import Version
from models.analyse.corpus_classifier import CorpusClassifier, Training, fit
from models.analyse.taught_kernel import TaughtTexts, pack, with_texts
from models.corpus_split import split
from models.learn.gate import Compared, Decision, compare, decide
from models.records import Reading

#: The split of the corpus that is frozen: the one that the shipped network's card is measured on.
SPLIT_SEED: Final = 0
#: How far a job is, in [0, 1], and what it does.
Say = Callable[[float, str], None]


class RetrainingService:
    def __init__(
        self,
        store: Store,
        registry: ModelRegistry,
        reading: ReadingService,
        learning: ActiveLearningService,
        audit: AuditService,
    ) -> None:
        self._store, self._registry, self._reading = store, registry, reading
        self._learning, self._audit = learning, audit

    def retrain(self, reason: str, say: Say = lambda done, what: None) -> Version:
        """Fits a candidate, measures it and registers it; half a minute. The same labels give the same version."""
        from safetensors.numpy import save

        say(0.05, "reading the labels")
        taught = self._taught()
        training = self._reading.training()
        say(0.2, f"fitting on {len(training.templates)} templates and {len(taught.keys)} labelled errors")
        blob = save(pack(fit(with_texts(training, taught)), taught))
        say(0.5, "measuring on the frozen holdout")
        right = self._right_on_holdout(training, taught)
        data = {"corpus": self._reading.shipped_version, "templates": len(training.templates), "labels": len(taught.keys),
                "keys": list(taught.keys)}  # fmt: skip
        metrics = {"holdout": _holdout(right, self._reading.shipped_version)}
        version = self._registry.register(
            READER, blob, code=self._reading.shipped_version, seed=0, data=data, metrics=metrics, reason=reason
        )
        say(0.8, "asking the gate")
        return self.measure(version)

    def measure(self, version: Version) -> Version:
        """Asks the gate anew, against the version that answers now; keeps what it says."""
        return self._registry.decided(version, self._decide(version))

    def _decide(self, version: Version) -> Decision:
        current = self._registry.current(READER)
        holdout = compare("frozen holdout", self._bits(current), self._bits(version))
        return decide(holdout, self._on_audit(current, version))

    def _bits(self, version: Version) -> list[bool]:
        """Per text of the holdout, whether the version's twin reads it right; measured once for what ships."""
        held = version.metrics.get("holdout", {})
        if held.get("of") == self._reading.shipped_version:
            return [one == "1" for one in held["right"]]
        right = self._right_on_holdout(self._reading.training(), _NOTHING)
        self._store.versions.measured(
            version, version.metrics | {"holdout": _holdout(right, self._reading.shipped_version)}
        )
        return right

    def _right_on_holdout(self, training: Training, taught: TaughtTexts) -> list[bool]:
        """Whether severity and category are both right, of each template of the test part, by a fit that saw none of them."""
        place = {template.id: row for row, template in enumerate(training.templates)}
        parts = split(training.templates, SPLIT_SEED, self._reading.reference())
        test = [place[template.id] for template in parts.test]
        known = [place[template.id] for template in (*parts.train, *parts.validation)]
        rest = with_texts(training, taught, known)
        reader = CorpusClassifier(rest.templates, rest.vectors, rest.other_vectors, fit(rest), "twin")
        rows = [row * RENDERINGS for row in test]
        readings = reader.read(training.vectors[rows], [training.texts[row] for row in rows])
        return [_both(one, training.templates[row].severity, training.templates[row].category)
                for one, row in zip(readings, test, strict=True)]  # fmt: skip

    def _on_audit(self, current: Version, version: Version) -> Compared | None:
        labels = self._audit.audit_labels()
        rows = self._store.signatures.by_id([label.signature_id for label in labels])
        labels = [label for label in labels if label.signature_id in rows]
        if not labels:
            return None
        from models.text.signature import encoder_text

        vectors = np.stack([rows[label.signature_id].vector for label in labels])
        texts = [encoder_text(rows[label.signature_id].signature) for label in labels]
        right = []
        for one in (current, version):
            readings = self._reading.taught(vectors, self._registry.read_by(one, vectors, texts))
            right.append(
                [
                    _both(reading, label.severity, label.category)
                    for reading, label in zip(readings, labels, strict=True)
                ]
            )
        return compare("audit sample", right[0], right[1])

    def _taught(self) -> TaughtTexts:
        """What people agree on, by key; a part that nobody said is as it is read now. The audit sample never teaches."""
        from models.text.signature import encoder_text

        said = self._learning.agreed()
        stored = self._store.signatures.by_id(list(said))
        rows = sorted(
            (row for row in stored.values() if not is_audit(row.signature.key)), key=lambda row: row.signature.key
        )
        rows = [row for row in rows if said[row.id].severity or said[row.id].category]
        dims = self._reading.reference().shape[1]
        rows = [row for row in rows if len(row.vector) == dims]
        if not rows:
            return _NOTHING
        return TaughtTexts(
            keys=tuple(row.signature.key for row in rows),
            vectors=np.stack([row.vector for row in rows]),
            severity=tuple(said[row.id].severity or row.reading.severity for row in rows),
            category=tuple(said[row.id].category or row.reading.category for row in rows),
            actions=tuple(tuple(action for action, _ in row.reading.actions[:3]) for row in rows),
            texts=tuple(encoder_text(row.signature) for row in rows),
        )


_NOTHING: Final = TaughtTexts((), np.empty((0, 0), dtype=np.float32), (), (), ())


def _both(reading: Reading, severity: str, category: str) -> bool:
    return reading.severity == severity and reading.category == category


def _holdout(right: Sequence[bool], of: str) -> dict[str, Any]:
    share = sum(right) / len(right) if right else 0.0
    return {"of": of, "n": len(right), "share": round(share, 6), "right": "".join("1" if one else "0" for one in right)}
