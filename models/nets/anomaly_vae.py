"""AnomalyVAE: a variational auto-encoder that reconstructs what is usual and fails at what is strange.

Kingma and Welling 2014, "Auto-Encoding Variational Bayes". Values of one item (d numbers: 384 of an embedding, or 512 =
384 + 128 features) in, an anomaly score out. Where the client's sketch is mended, and why:

- **Inputs are standardised** with the training set's mean and spread and clipped at 10 spreads: columns of an embedding
  spread by 0.05, log counts by 1, and one loss over both would see the counts only.
- **Reconstruction is a Gaussian log-likelihood summed over the columns**, d/2 log(mean squared error), its variance fitted to
  each batch (Rybkin et al. 2021, "Simple and effective VAE training with calibrated decoders"). A mean over columns beside
  a summed KL weighs the KL d times too much, and the latent collapses.
- **The KL is warmed up** from 0 to 1 over the first epochs (Bowman et al. 2016), for the same reason.
- **Scores are made at the mean of the latent**: no draw, so the same item has the same score.
- **The threshold is a percentile of the reference set** instead of a fixed 0.3: an error has no unit that could be fixed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.analyse.vae_scorer import CLIP, Weights, spread

HIDDEN: Final = (256, 128)
LATENT: Final = 64
LEARNING_RATE: Final = 1e-3
BATCH: Final = 128
#: Smallest variance of a column, in squared spreads: keeps log() away from a set that is learnt by heart.
VARIANCE_FLOOR: Final = 1e-3

Floats = NDArray[np.float32]


class AnomalyVAE(nn.Module):
    """(n, d) -> 256 -> 128 -> latent 64 -> 128 -> 256 -> (n, d); d is 384 or 512."""

    mean: Tensor
    scale: Tensor

    def __init__(self, inputs: int = 384, latent: int = LATENT) -> None:
        super().__init__()
        wide, narrow = HIDDEN
        self.enc1, self.enc2 = nn.Linear(inputs, wide), nn.Linear(wide, narrow)
        self.mu, self.logvar = nn.Linear(narrow, latent), nn.Linear(narrow, latent)
        self.dec1, self.dec2, self.out = nn.Linear(latent, narrow), nn.Linear(narrow, wide), nn.Linear(wide, inputs)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))

    def standardised(self, x: Tensor) -> Tensor:
        """(n, d) in spreads of the training set, clipped at +-10."""
        return ((x - self.mean) / self.scale).clamp(-CLIP, CLIP)

    def encode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised (n, d) -> mean and log variance of the latent, (n, 64) each."""
        hidden = torch.relu(self.enc2(torch.relu(self.enc1(z))))
        return self.mu(hidden), self.logvar(hidden).clamp(-10, 10)

    def decode(self, latent: Tensor) -> Tensor:
        """(n, 64) -> (n, d), standardised."""
        hidden = torch.relu(self.dec2(torch.relu(self.dec1(latent))))
        restored: Tensor = self.out(hidden)
        return restored

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(n, d) -> standardised input, its reconstruction from one draw, latent mean and log variance."""
        z = self.standardised(x)
        mu, logvar = self.encode(z)
        draw = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        return z, self.decode(draw), mu, logvar

    def loss(self, x: Tensor, kl_weight: float = 1.0) -> Tensor:
        """Reconstruction + KL to the unit Gaussian, in nats per item."""
        z, restored, mu, logvar = self(x)
        error = (restored - z).pow(2).mean()
        reconstruction = 0.5 * z.shape[1] * (error + VARIANCE_FLOOR).log()
        kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(dim=1).mean()
        total: Tensor = reconstruction + kl_weight * kl
        return total

    @torch.no_grad()
    def compute_anomaly_score(self, x: Tensor) -> Tensor:
        """(n, d) -> (n,) >= 0, higher = stranger: mean squared reconstruction error in spreads, at the latent's mean."""
        z = self.standardised(x)
        return (self.decode(self.encode(z)[0]) - z).pow(2).mean(dim=1)

    def weights(self) -> Weights:
        """Everything that scoring needs, as numpy arrays by name."""
        return {name: value.detach().numpy().astype(np.float32) for name, value in self.state_dict().items()}


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained net, in eval mode; `losses` are of the validation part in nats per item, by epoch; CPU seconds."""

    model: AnomalyVAE
    losses: tuple[float, ...]
    best_epoch: int
    seconds: float


def train(
    vectors: Floats, *, seed: int, epochs: int = 300, patience: int = 20, warm_up: int = 30, held_out: float = 0.1, alike: int = 1
) -> Trained:
    """Fits on (n, d) float32; stops when the validation loss has not fallen for `patience` epochs and keeps the best.

    Same vectors and seed, same weights. Below 40 rows nothing is held out: the training loss decides. `alike`: each run of
    so many rows is one thing said several ways and is held out together.
    """
    start = time.process_time()
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        fit, check = _split(torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32)), held_out, seed, alike)
        model = AnomalyVAE(vectors.shape[1])
        mean, scale = spread(fit.numpy())
        model.mean.copy_(torch.from_numpy(mean))
        model.scale.copy_(torch.from_numpy(scale))
        losses, best = _descend(model, fit, check, epochs=epochs, patience=patience, warm_up=warm_up)
    return Trained(model.eval(), tuple(losses), best, time.process_time() - start)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Batches of 128 are too small to share: threads that wait for each other cost more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _split(rows: Tensor, share: float, seed: int, alike: int) -> tuple[Tensor, Tensor]:
    if len(rows) < 40:
        return rows, rows
    run = torch.arange(len(rows)) // alike
    runs = int(run.max()) + 1
    order = torch.randperm(runs, generator=torch.Generator().manual_seed(seed))
    held = torch.isin(run, order[: max(1, round(share * runs))])
    return rows[~held], rows[held]


def _descend(
    model: AnomalyVAE, fit: Tensor, check: Tensor, *, epochs: int, patience: int, warm_up: int
) -> tuple[list[float], int]:
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    losses: list[float] = []
    best, kept = 0, model.state_dict()
    for epoch in range(epochs):
        model.train()
        order = torch.randperm(len(fit))
        for first in range(0, len(fit), BATCH):
            optimiser.zero_grad()
            loss: Tensor = model.loss(fit[order[first : first + BATCH]], min(1.0, (epoch + 1) / warm_up))
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        model.eval()
        with torch.no_grad():
            losses.append(float(model.loss(check)))
        if losses[-1] <= min(losses):
            best, kept = epoch, {name: value.clone() for name, value in model.state_dict().items()}
        if epoch - best >= patience and epoch >= warm_up:
            break
    model.load_state_dict(kept)
    return losses, best
