"""spaCy's recogniser as it comes, with its own tokens and features: the rival that the trained half is measured against."""

import random
from collections.abc import Sequence
from typing import Any

from models.text.entities.entity import Entity
from models.text.entities.tagger import Example


class PlainCnn:
    def __init__(self, labels: Sequence[str], seed: int) -> None:
        import spacy
        from thinc.api import fix_random_seed

        fix_random_seed(seed)
        self._nlp = spacy.blank("en")
        recogniser: Any = self._nlp.add_pipe("ner")
        for label in labels:
            recogniser.add_label(label)
        self._optimiser = self._nlp.initialize()

    def fit(self, examples: Sequence[Example], epochs: int, seed: int) -> None:
        import warnings

        from spacy.training import Example as Pair

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # spans that its tokens cannot carry are left out of training
            pairs = [
                Pair.from_dict(self._nlp.make_doc(text), {"entities": list(spans)})
                for text, spans in examples
                if text.strip()
            ]
            rng = random.Random(seed)
            for _ in range(epochs):
                rng.shuffle(pairs)
                for at in range(0, len(pairs), 32):
                    self._nlp.update(pairs[at : at + 32], sgd=self._optimiser, drop=0.2)

    def tag_all(self, texts: Sequence[str]) -> list[list[Entity]]:
        return [
            [Entity(span.start_char, span.end_char, span.label_) for span in doc.ents] for doc in self._nlp.pipe(texts)
        ]
