"""`stacklens train ner`: the recogniser, from the corpus rendered with its marks and from sentences of our own.

Held out are a seventh of the corpus templates and sentences drawn by another seed: their figures go onto the card. Where
a template marks nothing the grammar's own findings are kept as silver marks, so that the model does not unlearn them.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.services.ner import PRETRAINED
from app.settings import SAMPLE_DATA, Settings
from models.corpus import Template, read_corpus, render_marked
from models.simulate.developer_questions import questions
from models.taxonomy import ENTITIES
from models.text.entities import VERSION, Entity, entities
from models.text.entities.merge import PROSE, merged
from models.text.entities.tagger import Example, Tagger

Progress = Callable[[str], None]

SENTENCES: Final = 2_500
_HELD_SENTENCES: Final = 500
#: Renderings of a template: its slots differ from one to the next, the words between them do not, and those are learned.
_RENDERINGS: Final = 1
_EPOCHS: Final = 3
_HELD_OUT: Final = 7


def train(
    settings: Settings,
    seed: int,
    data: Path | None,
    progress: Progress,
    folder: Path = PRETRAINED,
    *,
    sentences: int = SENTENCES,
    epochs: int = _EPOCHS,
) -> dict[str, Any]:
    """Trains, measures on what was held out, writes model.safetensors and card.json; what the card says."""
    templates = read_corpus(sorted((data or SAMPLE_DATA / "corpus").glob("*.jsonl")))
    random.Random(seed).shuffle(templates)
    cut = len(templates) // _HELD_OUT
    training = _rendered(templates[cut:], seed) + [Example(*item) for item in questions(sentences, seed)]
    held = {
        "corpus": _rendered(templates[:cut], seed + 1),
        "sentences": [Example(*item) for item in questions(_HELD_SENTENCES, seed + 1)],
    }
    tagger = Tagger(ENTITIES, entities, seed)
    tagger.fit(training, epochs, seed, lambda done, total: progress(f"epoch {done} of {total}"))
    figures = {name: _figures(tagger, examples) for name, examples in held.items()}
    card = {
        "name": "ner",
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "epochs": epochs,
        "grammar": VERSION,
        "data": f"{len(templates)} templates of sample_data/corpus in {_RENDERINGS} rendering, "
        f"{sentences} sentences of models/simulate/developer_questions",
        "split": f"one template in {_HELD_OUT} and {_HELD_SENTENCES} sentences of another seed held out",
        "metrics": figures,
    }
    tagger.save(folder, card)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    tagger.save(folder, card | {"sha256": digest})
    return card | {"sha256": digest}


def _rendered(templates: Sequence[Template], seed: int) -> list[Example]:
    found = []
    for number, template in enumerate(templates):
        for rendering in range(_RENDERINGS):
            text, spans = render_marked(template.text, template.entities, seed + number * _RENDERINGS + rendering)
            silver = PROSE.of([Entity(*span) for span in spans], entities(text))
            found.append(Example(text, tuple((item.start, item.end, item.label) for item in silver)))
    return found


def _figures(tagger: Tagger, examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """F1 by exact span of grammar, model and both, micro and per label."""
    texts = [example.text for example in examples]
    model, grammar = tagger.tag_all(texts), [entities(text) for text in texts]
    both = [merged(*parts) for parts in zip(texts, grammar, model, strict=True)]
    return {name: _f1(answers, examples) for name, answers in (("grammar", grammar), ("model", model), ("both", both))}


def _f1(answers: Sequence[Sequence[Entity]], examples: Sequence[Example]) -> dict[str, float]:
    right: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for found, example in zip(answers, examples, strict=True):
        mine, theirs = {tuple(item) for item in found}, set(example.entities)
        for spans in (mine, theirs):
            size.update(str(label) for _, _, label in spans)
        right.update(str(label) for _, _, label in mine & theirs)
    per_label = {label: round(2 * right[label] / size[label], 4) for label in ENTITIES if size[label]}
    return {"micro": round(2 * right.total() / max(1, size.total()), 4)} | per_label
