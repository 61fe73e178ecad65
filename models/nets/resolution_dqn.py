"""ResolutionDQN: what each of ten actions is worth for an error, learnt from accepts and rejects.

Mnih et al. 2015, "Human-level control through deep reinforcement learning"; van Hasselt et al. 2016, "Deep Reinforcement
Learning with Double Q-learning". State 512 (384 of the embedding + 128 named columns, models/analyse/resolution_state.py)
-> 256 -> 128 -> 10. An episode is one error: a rejected action gives reward -1 and the state in which it is marked, an
accepted one gives +1 and ends it. Where the client's sketch is mended, and why:

- **A target network** gives the value of the next state and follows slowly (Polyak averaging). The sketch has none: the
  net chases its own moving answer.
- **No gradient goes through the target.** In the sketch it does, which also bends the next state's value towards this one.
- **Double Q-learning**: the online net names the next action, the target net says what it is worth; one net for both
  overestimates.
- **Rejected actions are masked**, in the next state's best action and in what is suggested. In the sketch a rejected
  action can come again at once.
- **Huber loss and a clipped gradient norm**, so that one late outcome ("it came back") cannot throw the weights about.
- **Inputs are standardised** by the warm start's mean and spread, clipped at 10 spreads: a column that the corpus never
  moved (a service, a count) must not drown the others when the first click moves it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.analyse.resolution_scorer import CLIP

if TYPE_CHECKING:
    from models.learn.replay import Batch

HIDDEN: Final = (256, 128)
#: A suggestion later is worth a tenth less: an action that is accepted at once beats one that is accepted second.
GAMMA: Final = 0.9
#: Share of the way that the target network goes towards the online one after a step.
TAU: Final = 0.01
LEARNING_RATE: Final = 3e-4
MAX_GRADIENT: Final = 1.0

Floats = NDArray[np.float32]


class ResolutionDQN(nn.Module):
    """(n, inputs) -> 256 -> 128 -> (n, actions): Q, the expected sum of rewards, in [-1 / (1 - GAMMA), 1] and a little."""

    mean: Tensor
    scale: Tensor

    def __init__(self, inputs: int = 512, actions: int = 10, dropout: float = 0.0) -> None:
        super().__init__()
        wide, narrow = HIDDEN
        self.drop_inputs, self.drop = nn.Dropout(dropout), nn.Dropout(dropout)
        self.fc1, self.fc2, self.out = nn.Linear(inputs, wide), nn.Linear(wide, narrow), nn.Linear(narrow, actions)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))

    def forward(self, states: Tensor) -> Tensor:
        z = ((states - self.mean) / self.scale).clamp(-CLIP, CLIP)
        hidden = self.drop(torch.relu(self.fc1(self.drop_inputs(z))))
        values: Tensor = self.out(self.drop(torch.relu(self.fc2(hidden))))
        return values

    def weights(self) -> dict[str, Floats]:
        """Everything that scoring needs, as numpy arrays by name."""
        return {name: value.detach().numpy().astype(np.float32) for name, value in self.state_dict().items()}


class DoubleDQN:
    """An online and a target network and the step that teaches them. Same seed and batches, same weights."""

    def __init__(
        self, inputs: int, actions: int, *, seed: int, weights: Mapping[str, Floats] | None = None,
        learning_rate: float = LEARNING_RATE, anchor: float = 0.0, decay: float = 0.0, dropout: float = 0.0,
    ) -> None:  # fmt: skip
        """`weights`: a warm start; `anchor` >= 0 pulls the weights back to it (L2), so that few clicks do not wash it out."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.online, self.target = (ResolutionDQN(inputs, actions, dropout) for _ in range(2))
        self.target.eval()
        if weights is not None:
            self.online.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        self.target.load_state_dict(self.online.state_dict())
        self.target.requires_grad_(requires_grad=False)
        self._optimiser = torch.optim.AdamW(self.online.parameters(), lr=learning_rate, weight_decay=decay)
        self._anchor = anchor
        self._start = [value.detach().clone() for value in self.online.parameters()]

    def standardise(self, states: Floats, quiet: NDArray[np.float32], floor: float = 0.02) -> None:
        """Takes mean and spread of each column from states (n, inputs); a spread below `floor` counts as 1: a new column.

        `quiet` (inputs,) multiplies the spreads: above 1 a column speaks more softly at first.
        """
        mean, spread = states.mean(axis=0), states.std(axis=0)
        for net in (self.online, self.target):
            net.mean.copy_(torch.from_numpy(mean))
            net.scale.copy_(torch.from_numpy((np.where(spread < floor, 1.0, spread) * quiet).astype(np.float32)))

    def learning_rate(self, rate: float) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = rate

    def targets(self, batch: "Batch") -> Tensor:
        """(n,): reward, and GAMMA times what the target net says of the online net's choice among what is not barred."""
        rewards, done = torch.from_numpy(batch.rewards), torch.from_numpy(batch.done)
        barred = torch.from_numpy(batch.barred)
        with torch.no_grad():
            after = torch.from_numpy(batch.after)
            chosen = self.online(after).masked_fill(barred, -torch.inf).argmax(dim=1, keepdim=True)
            value = self.target(after).gather(1, chosen).squeeze(1)
            ends = done | barred.all(dim=1)  # nothing is left to suggest
            return torch.where(ends, rewards, rewards + GAMMA * value)

    def step(self, batch: "Batch") -> float:
        """One step of gradient descent and of the target network; the Huber loss before it."""
        asked = self.online(torch.from_numpy(batch.states))
        values = asked.gather(1, torch.from_numpy(batch.actions).unsqueeze(1)).squeeze(1)
        loss = nn.functional.huber_loss(values, self.targets(batch))
        total = loss
        if self._anchor:
            parts = zip(self.online.parameters(), self._start, strict=True)
            total = total + self._anchor * torch.stack([(now - start).pow(2).sum() for now, start in parts]).sum()
        self._optimiser.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.online.parameters(), MAX_GRADIENT)
        self._optimiser.step()
        with torch.no_grad():
            for slow, fast in zip(self.target.parameters(), self.online.parameters(), strict=True):
                slow.lerp_(fast, TAU)
        return float(loss.detach())
