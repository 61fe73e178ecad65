"""`stacklens train NAME`: from the name of a model to the module that trains it and writes its weights and card."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from app.domain import InvalidInput
from app.settings import Settings

#: Says in one line what is being done.
Progress = Callable[[str], None]

#: Name to a module with `train(settings, seed, data, progress) -> dict`, imported when asked for: each loads torch or spaCy.
TRAINERS: Final = {
    "cascade": "app.jobs.train_cascade",
    "classifier": "app.jobs.train_classifier",
    "graph": "app.jobs.train_graph",
    "ner": "app.jobs.train_ner",
    "resolution": "app.jobs.train_resolution",
    "vae": "app.jobs.train_vae",
}


def train(name: str, settings: Settings, *, seed: int, data: Path | None, progress: Progress) -> dict[str, Any]:
    """Trains one model, or all; what each says of itself, by name. InvalidInput: there is no such model."""
    if name != "all" and name not in TRAINERS:
        raise InvalidInput(f"there is no model {name!r} to train; choose one of {', '.join(TRAINERS)}, or all")
    names = tuple(TRAINERS) if name == "all" else (name,)
    return {each: import_module(TRAINERS[each]).train(settings, seed, data, progress) for each in names}
