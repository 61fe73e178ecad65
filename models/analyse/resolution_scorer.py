"""ResolutionDQN's values in numpy: (n, 512) states in, (n, 10) Q values out, without torch.

Three small matrix products: as fast as torch, and a server that only suggests need not load it. A test holds both to
the same values. Weights come from a safetensors file or from the learner.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Standardised values beyond this are cut.
CLIP: Final = 10.0

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]


def load(file: Path) -> Weights:
    """Weights by name from a safetensors file; nothing is unpickled."""
    from safetensors.numpy import load_file

    weights: Weights = load_file(file)
    return weights


def q_values(weights: Weights, states: Floats) -> NDArray[np.float64]:
    """(n, inputs) float32 -> (n, actions): the expected sum of rewards, higher = better; 1 = accepted at once for certain."""
    z = np.clip((states - weights["mean"]) / weights["scale"], -CLIP, CLIP).astype(np.float32)
    for layer in ("fc1", "fc2"):
        z = np.maximum(z @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"], 0)
    values: NDArray[np.float64] = (z @ weights["out.weight"].T + weights["out.bias"]).astype(np.float64)
    return values
