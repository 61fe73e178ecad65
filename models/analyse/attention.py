"""What the network looked at in one text: attention of the trunk and of the error layer, gradients, and a test of both.

Attention says where states came from, not why a class was chosen (Jain and Wallace 2019); gradient x input (Shrikumar
2017) says which tokens a class would change with. Neither is believed by itself: `Faithfulness` masks the tokens
that they name first and sees whether the class becomes less likely sooner than with tokens masked by lot (deletion
test, Samek 2017). Runs on the torch reference with the shipped weights, one text at a time, in a quarter of a second;
torch is imported when an `Explainer` is made.
"""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.token_head import TERMS, WEIGHTS, TokenHead
from models.nets.vocabulary import read_terms
from models.taxonomy import CATEGORIES, SEVERITIES
from models.vectors.encoder import MAX_TOKENS
from models.vectors.weights import Source

Floats = NDArray[np.float32]

#: Shares of the tokens that the deletion test masks, and how many orders by lot it compares with.
STEPS: Final = (0.1, 0.2, 0.3, 0.5)
LOTS: Final = 8


@dataclass(frozen=True, slots=True)
class Token:
    """A word piece and its place in the text, [start, end) in characters; `term` is the technical term it is a part of, or ""."""

    text: str
    start: int
    end: int
    term: str


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Mean fall of the class's probability, in [-1, 1], over STEPS of masked tokens, most important first.

    `attention`, `trunk`, `gradient`: in their orders; `lot`: in orders by lot. A ranking that names what matters falls
    faster than lot.
    """

    attention: float
    trunk: float
    gradient: float
    lot: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of T tokens, [CLS] and [SEP] left out of `tokens`, `error`, `last` and `gradient` (n = T - 2) but not of the matrices.

    `error` (n,): share of the error attention that each token gets, mean over heads and asking tokens, sums to at most 1.
    `last` (n,): the same of the trunk's last layer.
    `error_heads` (12, T, T) and `trunk` (layers, heads, T, T): row i is where token i took from; rows sum to 1.
    `gradient` (n,): gradient x input for the category's logit, signed; above 0 = speaks for it.
    """

    severity: str
    category: str
    probability: float
    tokens: tuple[Token, ...]
    error: Floats
    last: Floats
    error_heads: Floats
    trunk: Floats
    gradient: Floats
    faithfulness: Faithfulness


class Explainer:
    """The reference network with the shipped heads in `folder`, over the trunk of `source`. Safe to share between threads."""

    def __init__(self, source: Source, folder: Path) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        from models.nets.transformer import StackLensTransformer

        TokenHead.load(folder)  # HeadUnusable where a file is damaged
        self._vocabulary = read_terms(folder / TERMS)
        self._network = StackLensTransformer.over(source, terms=len(self._vocabulary)).eval()
        kept = {name: tensor.float() for name, tensor in load_file(folder / WEIGHTS).items() if not name.startswith("blend.")}
        missing, unknown = self._network.load_state_dict(kept, strict=False)
        if unknown or any(not name.startswith("trunk.") for name in missing):
            raise ValueError(f"the weights in {folder} are of another network")
        self._tokenizer = Tokenizer.from_file(str(source.folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._mask = int(self._tokenizer.token_to_id("[MASK]") or 0)
        self._lock = Lock()

    def explain(self, text: str, seed: int = 0) -> Explanation:
        """`text` as the encoder sees it; an empty one has no tokens and says nothing."""
        encoding = self._tokenizer.encode(text)
        terms = self._vocabulary.of_tokens(text, encoding.offsets)
        with self._lock:
            seen, trunk, gradient = self._with_gradient(encoding.ids, terms)
            category = int(seen.category_logits[0].argmax())
            error = seen.attention_weights[0].detach().numpy()  # (12, T, T)
            shares = error.mean(axis=(0, 1))[1:-1]
            rng = np.random.default_rng(seed)
            last = trunk[-1].mean(axis=(0, 1))[1:-1]
            orders = [*(np.argsort(-each, kind="stable") for each in (shares, last, gradient[1:-1])),
                      *(rng.permutation(len(shares)) for _ in range(LOTS))]
            falls = self._falls(encoding.ids, terms, orders, category)
        tokens = tuple(Token(text[start:end], start, end, self._vocabulary.terms[term - 1] if term else "")
                       for (start, end), term in zip(encoding.offsets[1:-1], terms[1:-1].tolist(), strict=True))
        return Explanation(
            SEVERITIES[int(seen.severity_logits[0].argmax())], CATEGORIES[category],
            seen.category_logits[0].softmax(dim=0)[category].item(), tokens, shares, last, error, trunk, gradient[1:-1],
            Faithfulness(falls[0], falls[1], falls[2], float(np.mean(falls[3:]))))

    def _with_gradient(self, ids: list[int], terms: NDArray[np.int64]) -> tuple[Any, Floats, Floats]:
        """The answer, the trunk's attention (L, H, T, T), and gradient x input (T,) for the likeliest category."""
        import torch

        trunk: Any = self._network.trunk
        inputs = trunk.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_()  # (1, T, dims)
        mask = torch.ones(1, len(ids), dtype=torch.long)
        seen = trunk(inputs_embeds=inputs, attention_mask=mask, output_attentions=True)
        answer = self._network.read(seen.last_hidden_state, mask, torch.from_numpy(terms)[None])
        (slope,) = torch.autograd.grad(answer.category_logits[0].max(), inputs)
        attention = torch.stack(seen.attentions)[:, 0].detach().numpy()  # (L, H, T, T)
        return answer, attention, (slope * inputs).sum(dim=-1)[0].detach().numpy()

    def _falls(self, ids: list[int], terms: NDArray[np.int64], orders: list[NDArray[np.int64]], category: int) -> list[float]:
        """For each order of the inner tokens: how far the category's probability falls, mean over STEPS."""
        import torch

        rows, marks = [ids], [terms]
        for order in orders:
            for step in STEPS:
                hidden = order[: max(1, round(step * len(order)))] + 1  # past [CLS]
                rows.append([self._mask if place in set(hidden.tolist()) else one for place, one in enumerate(ids)])
                marks.append(np.where(np.isin(np.arange(len(ids)), hidden), 0, terms))
        with torch.inference_mode():
            tokens = torch.tensor(rows)
            seen = self._network(tokens, torch.ones_like(tokens), torch.from_numpy(np.stack(marks)))
            likely = seen.category_logits.softmax(dim=1)[:, category].numpy()
        falls = (likely[0] - likely[1:]).reshape(len(orders), len(STEPS)).mean(axis=1)
        return [float(fall) for fall in falls]
