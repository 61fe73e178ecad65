"""`stacklens train vae`: AnomalyVAE on the embedded error corpus, for stores that are too small to be their own reference.

A fifth of the templates is held out: on it the compression to 64 numbers is measured, beside PCA's with as many. The
weights that were measured are those that ship.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.product import load_encoder
from app.services.anomaly import PRETRAINED
from app.services.files import atomic_write
from app.services.reading import RENDERINGS, ReadingService
from app.settings import SAMPLE_DATA, Settings
from models.analyse import vae_scorer
from models.vectors.encoder import Encoder

HELD_OUT: Final = 0.2

Floats = NDArray[np.float32]


def train(
    settings: Settings, seed: int, data: Path | None, progress: Callable[[str], None], folder: Path = PRETRAINED, *,
    encoder: Encoder | None = None,
) -> dict[str, Any]:
    """Trains, measures on the held-out templates, writes model.safetensors and card.json; what the card says."""
    from safetensors.numpy import save

    from models.nets.anomaly_vae import train as fit

    encoder = encoder or load_encoder(settings)
    reading = ReadingService(data or SAMPLE_DATA / "corpus", encoder, settings.cache_dir, SAMPLE_DATA / "non_errors.jsonl")
    progress("embedding the corpus")
    vectors = reading.vectors().reshape(-1, RENDERINGS, encoder.dims)  # (templates, renderings, d)
    order = np.random.default_rng(seed).permutation(len(vectors))
    held = round(HELD_OUT * len(vectors))
    known, unknown = (vectors[places].reshape(-1, encoder.dims) for places in (order[held:], order[:held]))
    progress(f"training on {len(known)} vectors")
    trained = fit(known, seed=seed, alike=RENDERINGS)
    weights = trained.model.weights()
    blob = save(weights)
    card = {
        "name": "vae", "date": datetime.now(UTC).date().isoformat(), "seed": seed, "encoder": encoder.version,
        "data": f"{len(vectors)} templates of sample_data/corpus in {RENDERINGS} renderings",
        "split": f"{held} templates held out; of the others one in ten decides when to stop",
        "epochs": trained.best_epoch + 1, "cpu_seconds": round(trained.seconds, 1),
        "metrics": compression(weights, known, unknown), "sha256": hashlib.sha256(blob).hexdigest(),
    }  # fmt: skip
    atomic_write(folder / "model.safetensors", lambda stream: stream.write(blob))
    atomic_write(folder / "card.json", lambda stream: stream.write((json.dumps(card, indent=1) + "\n").encode()))
    return card


def compression(weights: vae_scorer.Weights, known: Floats, unknown: Floats) -> dict[str, float]:
    """Mean squared error (in squared spreads) and explained variance in 64 numbers, the VAE's and PCA's, seen and unseen rows."""
    from sklearn.decomposition import PCA

    fitted = vae_scorer.standardised(weights, known)
    pca = PCA(min(64, *fitted.shape), random_state=0).fit(fitted)
    figures = {}
    for part, rows in (("seen", fitted), ("unseen", vae_scorer.standardised(weights, unknown))):
        for name, restored in (("vae", vae_scorer.restored(weights, rows)), ("pca", pca.inverse_transform(pca.transform(rows)))):
            error = float(((rows - restored) ** 2).mean())
            figures[f"{name}_error_{part}"] = round(error, 4)
            figures[f"{name}_explained_variance_{part}"] = round(1 - error / float(rows.var(axis=0).mean()), 4)
    return figures
