"""AnomalyVAE's scores in numpy: (n, d) vectors in, reconstruction errors out, without torch.

The net is small (384-256-128-64 and back), so four matrix products in numpy are as fast as torch, and a server that only
scores need not load it. A test holds both to the same scores. Weights come from a safetensors file or from training.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Standardised values beyond this are cut: one new count must not outweigh all other columns together.
CLIP: Final = 10.0
#: Smallest spread of a column: a constant one must not turn dust into the strangest thing.
SPREAD_FLOOR: Final = 0.01

Floats = NDArray[np.float32]
Weights = dict[str, Floats]


def spread(rows: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation (at least SPREAD_FLOOR) of each column, (d,) float32."""
    return rows.mean(axis=0).astype(np.float32), np.maximum(rows.std(axis=0), SPREAD_FLOOR).astype(np.float32)


def load(file: Path) -> Weights:
    """Weights by name from a safetensors file; nothing is unpickled."""
    from safetensors.numpy import load_file

    return load_file(file)


def standardised(weights: Weights, vectors: Floats) -> Floats:
    """(n, d) in spreads of the training set, clipped at +-CLIP."""
    cut: Floats = np.clip((vectors - weights["mean"]) / weights["scale"], -CLIP, CLIP).astype(np.float32)
    return cut


def restored(weights: Weights, z: Floats) -> Floats:
    """The reconstruction of standardised (n, d) rows at the latent's mean."""
    for layer in ("enc1", "enc2", "mu", "dec1", "dec2", "out"):
        z = z @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
        if layer not in ("mu", "out"):
            z = np.maximum(z, 0)
    return z


def score(weights: Weights, vectors: Floats) -> NDArray[np.float64]:
    """(n,) >= 0, higher = stranger: mean squared reconstruction error in spreads."""
    if not len(vectors):
        return np.empty(0)
    z = standardised(weights, vectors)
    error: NDArray[np.float64] = ((restored(weights, z) - z) ** 2).mean(axis=1).astype(np.float64)
    return error
