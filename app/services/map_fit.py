"""A map fitted in a process of its own: vectors through standard input, the layout through standard output.

UMAP holds Python's lock for a tenth of a second at a time and takes both memory and minutes; beside it a page
would stand still. Nothing is pickled: both ways go numpy's own format. `python -m app.services.map_fit` is the
process; it steps back behind everything else on the machine.
"""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.domain import Unavailable
from app.settings import ROOT
from models.vectors.families import families
from models.vectors.projection import project, trustworthiness


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """`points` (n, 2) float32, `families` (n,) int32 (-1 = none), `trust` in [0, 1], higher = truer."""

    points: NDArray[np.float32]
    families: NDArray[np.int32]
    trust: float


#: Vectors (n, d) in, the map out; the second argument is called with the process, so that it can be ended.
Fit = Callable[[NDArray[np.float32], Callable[[subprocess.Popen[bytes]], None]], Fitted]


def fit_here(vectors: NDArray[np.float32], _started: object = None) -> Fitted:
    """In this process and thread."""
    points = project(vectors)
    return Fitted(points, families(points), trustworthiness(vectors, points))


def fit_in_a_process(
    vectors: NDArray[np.float32], started: Callable[[subprocess.Popen[bytes]], None] = lambda _: None
) -> Fitted:
    """The same, in a process of its own; Unavailable if that ends without an answer."""
    command = [sys.executable, "-m", "app.services.map_fit"]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=-1) as process:  # noqa: S603 - ourselves
        started(process)
        answer, complaint = process.communicate(_bytes(vectors=vectors))
    if process.returncode:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise Unavailable(
            f"the map could not be fitted: {' '.join(last) or f'process ended with {process.returncode}'}"
        )
    with np.load(io.BytesIO(answer), allow_pickle=False) as found:
        return Fitted(found["points"], found["families"], float(found["trust"]))


def main(source: BinaryIO, target: BinaryIO) -> None:
    with np.load(io.BytesIO(source.read()), allow_pickle=False) as given:
        fitted = fit_here(given["vectors"])
    target.write(_bytes(points=fitted.points, families=fitted.families, trust=np.float64(fitted.trust)))
    target.flush()


def _bytes(**arrays: NDArray[np.generic] | np.float64) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


if __name__ == "__main__":
    os.nice(5)
    main(sys.stdin.buffer, sys.stdout.buffer)
