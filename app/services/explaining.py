"""ExplainService: which words of an error decided its category, and whether that can be believed.

Runs the reference network in torch, which is loaded when the first explanation is asked for (some seconds); the
answer of the product itself may come from another reader, and is shown beside it.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from app.domain import InvalidInput
from app.services.analysis import Analysis, AnalysisService
from app.services.reading import CLASSIFIER, ReadingService
from models.text.signature import encoder_text
from models.vectors.weights import Source

if TYPE_CHECKING:
    from models.analyse.attention import Explainer, Explanation

#: Explanations kept: going back to an error must not compute it again.
KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Explained:
    """`text` is what the network read; token offsets of `explanation` are places in it."""

    analysis: Analysis
    text: str
    explanation: "Explanation"


class ExplainService:
    def __init__(self, analysis: AnalysisService, reading: ReadingService, source: Source) -> None:
        self._analysis = analysis
        self._reading = reading
        self._source = source
        self._lock = Lock()
        self._explainer: Explainer | None = None
        self._kept: OrderedDict[str, Explanation] = OrderedDict()

    def available(self) -> bool:
        """Whether the shipped network fits the encoder in use."""
        return self._reading.head is not None

    def explain(self, text: str) -> Explained:
        """InvalidInput where there is nothing to explain or no network that explains it."""
        if not self.available():
            raise InvalidInput(
                "the network that ships belongs to another encoder: choose all-MiniLM-L6-v2 to see its attention"
            )
        analysis = self._analysis.analyse(text)
        seen = encoder_text(analysis.examined.signature)
        with self._lock:
            found = self._kept.get(seen)
            if found is None:
                found = self._kept[seen] = self._loaded().explain(seen)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return Explained(analysis, seen, found)

    def _loaded(self) -> "Explainer":
        if self._explainer is None:
            from models.analyse.attention import Explainer

            self._explainer = Explainer(self._source, CLASSIFIER)
        return self._explainer
