"""From the name of a task and a data set to one report."""

from importlib import import_module
from pathlib import Path
from typing import Any, Final

from app.domain import InvalidInput
from app.evaluation.report import Report, Request
from app.settings import Settings
from models.vectors.encoder import Encoder

#: Task -> module with `measure(request) -> Report`; imported when asked for, for their libraries are heavy.
TASKS: Final = {
    "active": "app.evaluation.active",
    "anomaly": "app.evaluation.anomaly",
    "cascade": "app.evaluation.cascade",
    "ci": "app.evaluation.ci",
    "classify": "app.evaluation.classify",
    "drift": "app.evaluation.drift",
    "graph": "app.evaluation.graph",
    "group": "app.evaluation.group",
    "ner": "app.evaluation.ner",
    "pairs": "app.evaluation.pairs",
    "resolution": "app.evaluation.resolution",
    "search": "app.evaluation.search",
    "sequences": "app.evaluation.sequences",
    "speed": "app.evaluation.speed",
}

#: Data of this name are simulated on the spot: "sim:SEED".
SIMULATED: Final = "sim:"


def evaluate(task: str, data: Path, *, data2: Path | None = None, seed: int = 0, seeds: int | None = None,
             settings: Settings, encoder: Encoder | None = None, edition: str | None = None) -> dict[str, Any]:
    """The report as values for JSON; InvalidInput for an unknown task or data that the task cannot use.

    Nothing is written to the user's store. `encoder` takes the place of the one that the settings name.
    """
    if task not in TASKS:
        raise InvalidInput(f"unknown task {task!r}: choose one of {', '.join(TASKS)}")
    if not str(data).startswith(SIMULATED) and not data.exists():
        raise InvalidInput(f"there is no {data}")
    request = Request(data=data, data2=data2, seed=seed, seeds=seeds, settings=settings, encoder=encoder, edition=edition)
    report: Report = import_module(TASKS[task]).measure(request)
    return report.to_json(task, seed)
