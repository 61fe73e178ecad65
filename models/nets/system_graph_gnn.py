"""SystemGraphGNN: how each service is, where trouble travels and where it began, from a graph with columns on services and calls.

Message passing with edge features (Gilmer et al. 2017, "Neural message passing for quantum chemistry"; aggregated by mean and
maximum as in Corso et al. 2020, "Principal neighbourhood aggregation"), sparse, in both directions: errors travel against the
calls, load and the search for the cause along them. One vectorised pass, no loop over services or pairs of services.

Where the client's sheet is mended: its propagation ran over all pairs of services, n^2 of them, in Python; here only calls
that exist carry anything. Health has five states (healthy is not "not failed"), and the cause is an output of its own.
"""

import warnings
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

with (
    warnings.catch_warnings()
):  # the import compiles parts that are not used here, by a call that PyTorch has deprecated
    warnings.simplefilter("ignore")
    from torch_geometric.nn import MessagePassing
    from torch_geometric.utils import scatter, softmax

NODE: Final = 128
EDGE: Final = 64
HIDDEN: Final = 256
#: Numbers of one message.
MESSAGE: Final = 128
LAYERS: Final = 3
#: What a service in each state of taxonomy.HEALTH is worth to the system.
WORTH: Final = (1.0, 0.7, 0.3, 0.0, 0.7)


class Reading(NamedTuple):
    """N services and M calls of all graphs of a batch, G graphs.

    `health` (N, 5) logits; `carries` (M,) logit: the call carries errors now; `reaches` (M,) logit: if the callee failed, the
    caller would feel it; `delay` (M,) log seconds until it does; `system` (G,) in [0, 1], higher = better; `root` (N,) logits
    within each graph; `embeddings` (N, 256).
    """

    health: Tensor
    carries: Tensor
    reaches: Tensor
    delay: Tensor
    system: Tensor
    root: Tensor
    embeddings: Tensor


class Messages(MessagePassing):  # type: ignore[misc]
    """What reaches a service over its calls from one side: (N, 256) -> (N, 2 * MESSAGE), mean and maximum."""

    def __init__(self, flow: str) -> None:
        super().__init__(aggr=["mean", "max"], flow=flow)
        self.sender, self.receiver = nn.Linear(HIDDEN, MESSAGE), nn.Linear(HIDDEN, MESSAGE, bias=False)
        self.call = nn.Linear(EDGE, MESSAGE, bias=False)

    def forward(self, x: Tensor, edges: Tensor, calls: Tensor) -> Tensor:
        heard: Tensor = self.propagate(edges, sender=self.sender(x), receiver=self.receiver(x), calls=self.call(calls))
        return heard

    def message(self, sender_j: Tensor, receiver_i: Tensor, calls: Tensor) -> Tensor:
        return sender_j.add_(receiver_i).add_(calls).relu_()  # a fresh copy of each call's: changed in place, for speed


class Layer(nn.Module):
    """One round of messages along and against the calls, added to what a service knew."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(HIDDEN)
        self.down, self.up = Messages("source_to_target"), Messages("target_to_source")
        self.update = nn.Sequential(nn.Linear(HIDDEN + 4 * MESSAGE, HIDDEN), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, x: Tensor, edges: Tensor, calls: Tensor) -> Tensor:
        z = self.norm(x)
        heard = torch.cat([z, self.down(z, edges, calls), self.up(z, edges, calls)], dim=1)
        return x + self.update(heard)  # type: ignore[no-any-return]


class SystemGraphGNN(nn.Module):
    """Columns (N, 128) of services and (M, 64) of calls -> `Reading`."""

    worth: Tensor

    def __init__(self, layers: int = LAYERS, dropout: float = 0.1) -> None:
        super().__init__()
        self.service = nn.Sequential(nn.Linear(NODE, HIDDEN), nn.ReLU())
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(HIDDEN)
        self.whole = nn.Linear(2 * HIDDEN, HIDDEN)
        self.health = nn.Sequential(nn.Linear(HIDDEN, 128), nn.ReLU(), nn.Linear(128, 5))
        self.root = nn.Sequential(nn.Linear(2 * HIDDEN, 128), nn.ReLU(), nn.Linear(128, 1))
        self.weight = nn.Linear(2 * HIDDEN, 1)
        self.call = nn.Sequential(nn.Linear(2 * HIDDEN + EDGE, 128), nn.ReLU(), nn.Linear(128, 3))
        self.register_buffer("worth", torch.tensor(WORTH), persistent=False)

    def forward(self, x: Tensor, edges: Tensor, calls: Tensor, graph: Tensor | None = None) -> Reading:
        """`edges` (2, M) int64: [0, e] calls [1, e]. `graph` (N,) int64: each service's graph of the batch; one if None."""
        graph = torch.zeros(len(x), dtype=torch.int64, device=x.device) if graph is None else graph
        graphs = int(graph.max()) + 1 if len(graph) else 0
        h = self.service(x)
        for layer in self.layers:
            h = layer(h, edges, calls)
        h = self.norm(h)
        pooled = torch.cat([scatter(h, graph, 0, graphs, reduce) for reduce in ("mean", "max")], dim=1)
        known = torch.cat([h, torch.relu(self.whole(pooled))[graph]], dim=1)
        health = self.health(h)
        weight = softmax(self.weight(known).squeeze(1), graph, num_nodes=graphs)
        system = scatter(weight * (health.softmax(dim=1) @ self.worth), graph, 0, graphs, "sum")
        carries, reaches, delay = self._over_calls(h, edges, calls).unbind(dim=1)
        return Reading(health, carries, reaches, delay, system, self.root(known).squeeze(1), h)

    def _over_calls(self, h: Tensor, edges: Tensor, calls: Tensor) -> Tensor:
        """(M, 3) from caller, callee and call; the first layer's products are made for services, not for each of their calls."""
        first, second = self.call[0], self.call[2]
        assert isinstance(first, nn.Linear)  # noqa: S101
        caller, callee, own = torch.split(first.weight, [HIDDEN, HIDDEN, EDGE], dim=1)
        ends = (h @ caller.T).index_select(0, edges[0]) + (h @ callee.T).index_select(0, edges[1])
        said: Tensor = second(torch.relu(ends + nn.functional.linear(calls, own, first.bias)))
        return said


@dataclass(frozen=True, slots=True)
class Read:
    """One graph's `Reading` as numpy: `health` (n, 5), `carries` and `reaches` (m,) as probabilities; `root` (n,) sums to 1."""

    health: NDArray[np.float64]
    carries: NDArray[np.float64]
    reaches: NDArray[np.float64]
    delay: NDArray[np.float64]
    system: float
    root: NDArray[np.float64]
    embeddings: NDArray[np.float32]


@torch.inference_mode()
def read(net: SystemGraphGNN, nodes: NDArray[np.float32], edges: NDArray[np.int64], calls: NDArray[np.float32]) -> Read:
    """One graph with at least one service; the delay in seconds."""
    out = net(torch.from_numpy(nodes), torch.from_numpy(np.ascontiguousarray(edges)), torch.from_numpy(calls))

    def doubles(values: Tensor) -> NDArray[np.float64]:
        return values.double().numpy()

    return Read(
        doubles(out.health.softmax(dim=1)), doubles(out.carries.sigmoid()), doubles(out.reaches.sigmoid()),
        doubles(out.delay.clamp(0, 9).exp()), float(out.system), doubles(out.root.double().softmax(dim=0)),
        out.embeddings.numpy(),
    )  # fmt: skip
