"""ErrorFlowLSTM: a window of errors in, what they are about and what comes next out.

Each step is 512 numbers, 384 of its embedding and 128 of `models.analyse.features`. Three LSTM layers (Hochreiter and
Schmidhuber 1997) read the window in both directions; the window ends at "now", so that the backward direction starts from
the last thing known and nothing of the future is seen. Additive attention over time (Bahdanau et al. 2015),
a_t proportional to exp(v . tanh(W h_t + U q)) with q the states at both ends, sums the steps up; padding has weight 0.

What the client's sketch lacks, and is here: padding is packed away, so that it changes nothing, in the backward direction
too; `moment`, what is known at now beyond the last step (minutes of silence are news); a discrete-time hazard (Singer and
Willett 1993) for the time to failure, which can be trained on windows whose failure lies beyond the horizon; a pointer
over the steps (Vinyals et al. 2015) for the service that fails, because services have no fixed list.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

EMBEDDING: Final = 384
INPUTS: Final = 512
HIDDEN: Final = 256
LAYERS: Final = 3
CLASSES: Final = 8
HORIZON: Final = 30
MOMENT: Final = 33
#: First weight of the embedding's columns: of unit norm over 384, they would be lost beside the features' counts.
EMBEDDING_SCALE: Final = 5.0
#: First logit of each minute's hazard: failures are rare, and the first epoch need not learn that.
USUAL_HAZARD: Final = -4.0
#: Added to scores of padding before a softmax.
_NEVER: Final = -1e9


@dataclass(frozen=True, slots=True)
class Outputs:
    """B windows of T steps. `attention`, `pointer` (B, T) sum to 1 over the real steps; `hazard` (B, 30) and `gate` (B,)
    are logits; `next_error` (B, 384) has unit norm; `next_scores` (B, T + 1): of each step as the next error's like, and
    of none of them (last)."""

    incident: Tensor  # (B, 8) logits
    next_error: Tensor
    next_scores: Tensor
    gate: Tensor
    hazard: Tensor
    pointer: Tensor
    attention: Tensor


class AdditiveAttention(nn.Module):
    """(B, T, D) states, (B, D) query, (B, T) bool mask -> (B, T) weights that sum to 1 over the real steps."""

    def __init__(self, states: int, width: int) -> None:
        super().__init__()
        self.of_state, self.of_query = nn.Linear(states, width), nn.Linear(states, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, states: Tensor, query: Tensor, mask: Tensor) -> Tensor:
        mixed = torch.tanh(self.of_state(states) + self.of_query(query)[:, None])
        weights: Tensor = self.score(mixed).squeeze(2).masked_fill(~mask, _NEVER).softmax(dim=1)
        return weights


class ErrorFlowLSTM(nn.Module):
    """`inputs` a step, the first `embedding` of them its embedding; `moment` numbers of now."""

    def __init__(
        self, inputs: int = INPUTS, hidden: int = HIDDEN, layers: int = LAYERS, *, dropout: float = 0.2,
        embedding: int = EMBEDDING, moment: int = MOMENT, classes: int = CLASSES, horizon: int = HORIZON,
    ) -> None:  # fmt: skip
        super().__init__()
        self.embedding, self.moment = embedding, moment
        self.scale = nn.Parameter(torch.where(torch.arange(inputs) < embedding, EMBEDDING_SCALE, 1.0))
        self.lstm = nn.LSTM(
            inputs, hidden, layers, batch_first=True, bidirectional=True, dropout=dropout if layers > 1 else 0.0
        )
        self.attention = AdditiveAttention(2 * hidden, hidden)
        self.pointer = AdditiveAttention(2 * hidden, hidden)
        self.state = nn.Sequential(nn.Linear(4 * hidden + moment, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.incident = nn.Linear(hidden, classes)
        self.next_error = nn.Linear(hidden, embedding)
        self.none_of_them, self.gate = nn.Linear(hidden, 1), nn.Linear(hidden, 1)
        self.sharpness = nn.Parameter(torch.tensor(2.0))
        self.hazard = nn.Linear(hidden, horizon)
        nn.init.constant_(self.hazard.bias, USUAL_HAZARD)

    def forward(self, steps: Tensor, mask: Tensor, moment: Tensor) -> Outputs:
        """`steps` (B, T, inputs), real ones first; `mask` (B, T) bool, True where real, at least one a row; `moment` (B, m)."""
        return self._answers(*self._read(steps, mask), steps, mask, moment)

    def unpadded(self, steps: Tensor, moment: Tensor) -> Outputs:
        """What `forward` says of windows without padding; no branch hangs on a value, so that it can be exported."""
        return self._answers(*self._read_whole(steps), steps, torch.ones(steps.shape[:2], dtype=torch.bool), moment)

    def _answers(self, states: Tensor, query: Tensor, steps: Tensor, mask: Tensor, moment: Tensor) -> Outputs:
        """Of states (B, T, 2H) and query (B, 2H)."""
        attention = self.attention(states, query, mask)
        summary = (attention[:, :, None] * states).sum(dim=1)
        state = self.state(torch.cat([summary, query, moment], dim=1))  # (B, H)
        next_error = nn.functional.normalize(self.next_error(state), dim=1)
        likeness = torch.einsum("bte,be->bt", steps[:, :, : self.embedding], next_error)
        scores = (likeness * self.sharpness.exp()).masked_fill(~mask, _NEVER)
        return Outputs(
            incident=self.incident(state),
            next_error=next_error,
            next_scores=torch.cat([scores, self.none_of_them(state)], dim=1),
            gate=self.gate(state).squeeze(1),
            hazard=self.hazard(state),
            pointer=self.pointer(states, query, mask),
            attention=attention,
        )

    def _read(self, steps: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """All states, and the last one of each direction: forward at the end, backward at the beginning."""
        if bool(mask.all()):  # nothing to pack away: the same numbers, by a faster path
            return self._read_whole(steps)
        packed = pack_padded_sequence(steps * self.scale, mask.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False)
        output, (last, _) = self.lstm(packed)
        states, _ = pad_packed_sequence(output, batch_first=True, total_length=steps.shape[1])
        return states, torch.cat([last[-2], last[-1]], dim=1)

    def _read_whole(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        states, (last, _) = self.lstm(steps * self.scale)
        return states.float(), torch.cat([last[-2], last[-1]], dim=1).float()


def hazard_loss(logits: Tensor, minute: Tensor, observed: Tensor) -> Tensor:
    """(B,) negative log-likelihood of discrete-time survival.

    `minute` (B,) int64: the minute (0 to horizon - 1) in which it failed, horizon where it did not; `observed` (B,) int64:
    how many minutes are known (a failure's own included).
    """
    place = torch.arange(logits.shape[1])
    known = place < observed[:, None]
    failed = place == minute[:, None]
    each = nn.functional.binary_cross_entropy_with_logits(logits, failed.float(), reduction="none")
    return (each * known).sum(dim=1)


def next_likelihood(scores: Tensor, gate: Tensor, markov: Tensor, candidate: Tensor, target: Tensor) -> Tensor:
    """(B,) log-probability of the next error by the blend of the net and the back-off Markov chain.

    `candidate` (B, T + 1) bool: one step for each distinct signature, and the last for none of them; `markov` (B, T + 1) its
    probabilities, 0 elsewhere; `target` (B,) the candidate that came. p = g softmax(scores) + (1 - g) markov.
    """
    net = scores.masked_fill(~candidate, _NEVER).softmax(dim=1)
    share = gate.sigmoid()[:, None]
    mixed = share * net + (1 - share) * markov
    return mixed.gather(1, target[:, None]).squeeze(1).clamp_min(1e-9).log()
