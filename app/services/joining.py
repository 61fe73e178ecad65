"""JoiningService: a new signature that is a known problem in other words becomes part of that issue, with the reason.

Each join is a merge in the log by StackLens itself, so it is shown in the issue's activity, rebuilt with everything else, and
ended for good by "Split off". It is tried once, when a signature is born: no later event undoes what a person split.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from app.domain import Entry
from app.services.search import SemanticSearchService
from app.storage.ingestion import SYSTEM, NewSignature
from app.storage.store import Store
from models.analyse.same_problem import MEANING, compare
from models.records import Signature

#: Nearest signatures that a new one is compared with.
CANDIDATES: Final = 8


class JoiningService:
    def __init__(self, store: Store, search: SemanticSearchService, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._search = search
        self._clock = clock

    def join(self, new: Sequence[NewSignature], added: dict[str, int]) -> int:
        """Joins those of `new` that were stored (`added`: their ids by key) to older signatures; returns how many."""
        born = sorted((added[item.signature.key], item) for item in new if item.signature.key in added)
        if not born:
            return 0
        vectors = np.stack([item.vector for _, item in born])
        near = self._search.neighbours_of_many(vectors, top_k=CANDIDATES, threshold=MEANING)
        known = self._store.signatures.compared(sorted({each.id for row in near for each in row} | {id for id, _ in born}))
        into: dict[int, int] = {}  # where an issue of this batch went
        entries: list[Entry] = []
        for (signature_id, item), row in zip(born, near, strict=True):
            if signature_id not in known:
                continue  # removed by another process meanwhile
            issue = known[signature_id][0]
            for neighbour in row:
                if neighbour.id >= signature_id or neighbour.id not in known:
                    continue
                older_issue, older = known[neighbour.id]
                entry = self._entry(item.signature, older, neighbour.similarity, issue, into.get(older_issue, older_issue))
                if entry is not None:
                    into[issue] = entry.answer["into"]
                    entries.append(entry)
                    break
        return self._store.log.join(entries)

    def _entry(self, kind: Signature, older: Signature, similarity: float, issue: int, target: int) -> Entry | None:
        found = compare(kind, older, similarity)
        if not found.joins or issue == target:
            return None
        return Entry(
            key=f"join:{issue}:{kind.key}",
            at=self._clock(),
            actor=SYSTEM,
            kind="merge",
            issue_id=issue,
            answer={"into": target},
            shown={"reason": found.reason, "score": round(found.score, 4), "similarity": round(similarity, 4)},
            model=kind.version,
        )
