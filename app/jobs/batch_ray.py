"""Batch answers by the workers of a Ray cluster: the one that RAY_ADDRESS names, else one on this machine.

Each worker is a process with the services over the same store, which it only reads; chunks come back in their order.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import ray
from ray.util import ActorPool

from app.jobs.batch import Answer, Row, answer_chunk

#: Chunks that are under way for each worker: the next is there when one is done, and memory stays bounded.
AHEAD: Final = 2


class _Worker:
    """Lives in a process of its own; loads the models once."""

    def __init__(self, load: Callable[[], Answer], environment: dict[str, str]) -> None:
        os.environ.update(environment)
        self._answer = load()

    def answer(self, chunk: Sequence[Row]) -> list[dict[str, Any]]:
        return answer_chunk(chunk, self._answer)


def on_ray(load: Callable[[], Answer]) -> Callable[[Iterator[Sequence[Row]]], Iterator[list[dict[str, Any]]]]:
    """The engine; the cluster is left as it was when the last chunk is back. Every worker calls `load`, in its own process."""

    def answered(chunks: Iterator[Sequence[Row]]) -> Iterator[list[dict[str, Any]]]:
        started = not ray.is_initialized()
        if started:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        try:
            ours = {name: value for name, value in os.environ.items() if name.startswith(("STACKLENS_", "XDG_"))}
            cores = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
            workers = [ray.remote(_Worker).remote(load, ours) for _ in range(max(cores, 1))]
            pool = ActorPool(workers)
            for place, chunk in enumerate(chunks):
                if place >= AHEAD * len(workers):
                    yield pool.get_next()
                pool.submit(lambda worker, rows: worker.answer.remote(rows), chunk)
            while pool.has_next():  # type: ignore[no-untyped-call]
                yield pool.get_next()
        finally:
            if started:
                ray.shutdown()

    return answered
