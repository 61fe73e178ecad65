"""Vectors of the technical terms, learned from the corpus by guessing masked terms.

In each text a few of its terms are masked (their tokens become [MASK]), the frozen trunk reads the rest, and the
mean of its states at the masked tokens must find the term among all: a softmax over the table of vectors
(word2vec's idea with the trunk for a context, Mikolov 2013; masking as in Devlin 2019). The trunk runs once per
masking, the table then learns from the stored contexts. A term that was never masked, or of which nothing was
learned, keeps a vector near zero, which adds nothing.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.learn.token_states import TokenStates
from models.nets.vocabulary import Vocabulary
from models.vectors.encoder import Progress

#: Terms that are masked in a text, one at a time; fewer where it has fewer.
MASKINGS: Final = 2
EPOCHS: Final = 12
#: Length of a finished vector as a share of the mean length of a token's state: enough to be seen, not to drown it.
SHARE: Final = 0.3
_RATE: Final = 2e-3
_BATCH: Final = 256

#: Last hidden states (T, dims) of token ids.
StatesOf = Callable[[Sequence[int]], NDArray[np.float32]]


def term_vectors(
    vocabulary: Vocabulary, tokens: Sequence[tuple[list[int], NDArray[np.int64]]], states_of: StatesOf, *,
    mask: int, scale: float, seed: int, progress: Progress | None = None,
) -> tuple[NDArray[np.float32], float]:
    """Vectors (terms, dims) and the share of masked terms that the table then guesses right (of those it learned from).

    `tokens`: of each text its token ids and terms (T,) as `Vocabulary.of_tokens` numbers them; `mask` the id of [MASK];
    `scale` the mean length of a token's state.
    """
    contexts, targets = _contexts(tokens, states_of, mask, seed, progress)
    table, hit = _learned(contexts, targets, len(vocabulary), seed)
    length = np.linalg.norm(table, axis=1, keepdims=True)
    seen = np.isin(np.arange(len(vocabulary)), targets)[:, None]
    vectors: NDArray[np.float32] = np.where(seen, table / np.maximum(length, 1e-9) * scale * SHARE, 0.0).astype(np.float32)
    return vectors, hit


def mean_length(states: TokenStates, rows: int = 4096) -> float:
    """The mean length of a token's state, from the first tokens."""
    return float(np.linalg.norm(states.states[:rows].astype(np.float32), axis=1).mean())


def _contexts(tokens: Sequence[tuple[list[int], NDArray[np.int64]]], states_of: StatesOf, mask: int, seed: int,
              progress: Progress | None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """States (m, dims) where a term was masked, and the masked terms (m,) counted from 0."""
    rng = np.random.default_rng(seed)
    contexts, targets = [], []
    for done, (ids, terms) in enumerate(tokens, start=1):
        found = np.unique(terms[terms > 0])
        for term in rng.permutation(found)[:MASKINGS]:
            at = terms == term
            states = states_of([mask if hidden else one for one, hidden in zip(ids, at, strict=True)])
            contexts.append(states[at].mean(axis=0))
            targets.append(int(term) - 1)
        if progress and (done % 100 == 0 or done == len(tokens)):
            progress(done, len(tokens))
    return np.stack(contexts), np.array(targets)


def _learned(contexts: NDArray[np.float32], targets: NDArray[np.int64], terms: int, seed: int) -> tuple[NDArray[np.float32], float]:
    torch.manual_seed(seed)
    dims = contexts.shape[1]
    table = nn.Linear(dims, terms)
    nn.init.normal_(table.weight, std=0.01)
    norm = nn.LayerNorm(dims, elementwise_affine=False)
    optimizer = torch.optim.Adam(table.parameters(), lr=_RATE)
    rows, right = norm(torch.from_numpy(contexts)), torch.from_numpy(targets)
    for _ in range(EPOCHS):
        for part in torch.split(torch.randperm(len(right)), _BATCH):
            loss = nn.functional.cross_entropy(table(rows[part]), right[part])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.inference_mode():
        hit = float((table(rows).argmax(dim=1) == right).float().mean())
    array: NDArray[np.float32] = table.weight.detach().numpy()
    return array, hit
