"""What the corpus must not hold: texts that cannot be told apart, under equal or under different labels.

`models.corpus.read_corpus` holds the rules of one line (known words, balanced braces, marks that
stand in the text); here are the rules between lines. Each finding is one sentence that names the ids.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.corpus import CorpusError, Template, render
from models.text.parse import parse_text
from models.text.signature import signature

#: Above this cosine two templates of the same labels say the same.
SAME: Final = 0.97
#: Seeds of the renderings that are compared: slots differ, so that no single filling decides.
SEEDS: Final = (0, 1)


def read_non_errors(file: Path) -> dict[str, str]:
    """Id to text of the texts that are no errors, in order; CorpusError names the line that breaks a rule."""
    texts: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            name, text = str(row["id"]), row["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{file.name}:{number}: not a text: {error!r}") from error
        if not isinstance(text, str) or not text.strip() or name in texts:
            raise CorpusError(f"{file.name}:{number}: {name} is taken or has no text")
        texts[name] = text
    return texts


def findings(templates: Sequence[Template], non_errors: Mapping[str, str]) -> list[str]:
    """Every signature that two templates, a template and a text that is no error, or two such texts share."""
    holders: dict[str, dict[str, None]] = defaultdict(dict)
    for template in templates:
        for seed in SEEDS:
            holders[_seen(render(template.text, seed))][template.id] = None
    for name, text in non_errors.items():
        holders[_seen(text)][name] = None
    return [_sentence(list(names), templates, non_errors) for names in holders.values() if len(names) > 1]


def too_near(templates: Sequence[Template], vectors: NDArray[np.float32]) -> list[tuple[str, str, float]]:
    """Pairs of templates of the same severity and category whose cosine is above SAME.

    `vectors` (t, d) float32, unit rows, one rendering of each template.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, template in enumerate(templates):
        groups[template.severity, template.category].append(row)
    return [
        (templates[rows[first]].id, templates[rows[second]].id, float(cosine))
        for rows in groups.values()
        for first, second, cosine in _pairs(vectors[rows])
    ]


def _pairs(vectors: NDArray[np.float32]) -> Iterable[tuple[int, int, float]]:
    cosines = np.triu(vectors @ vectors.T, k=1)
    for first, second in np.argwhere(cosines > SAME):
        yield int(first), int(second), float(cosines[first, second])


def _seen(text: str) -> str:
    return "\n".join(signature(event).text for event in parse_text(text, now=0.0))


def _sentence(names: list[str], templates: Iterable[Template], non_errors: Mapping[str, str]) -> str:
    labels = {(template.severity, template.category) for template in templates if template.id in names}
    if any(name in non_errors for name in names):
        kind = "an error and no error" if labels else "twice no error"
    else:
        kind = "the same labels" if len(labels) == 1 else "different labels"
    return f"{', '.join(names)}: one signature, {kind}"
