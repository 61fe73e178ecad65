"""The reader of service graphs: SystemGraphGNN mixed with rules for the root cause, and the evidence for each suspect in words."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.graph_evidence import evidence
from models.analyse.graph_features import features
from models.analyse.graph_reading import Cause, GraphReading, ServiceGraph, Signals
from models.analyse.graph_rules import RULES, blended, view
from models.analyse.graph_symptoms import Symptoms

if TYPE_CHECKING:
    from models.nets.system_graph_gnn import Read, SystemGraphGNN

Floats = NDArray[np.float64]

#: Suspects whose evidence is put in words; the others have their score only.
WORDED: Final = 20


@dataclass(frozen=True, slots=True)
class Look:
    """One window in full: what the net says, what stands out, and the suspicion (n,) by source, "product" what is answered."""

    net: "Read"
    symptoms: Symptoms
    suspicion: dict[str, Floats]


class NetReader:
    """Reads a window with the net and with rules for the cause, mixed by `weights`: by view (VIEWS), of "net" and RULES."""

    def __init__(self, net: "SystemGraphGNN", weights: dict[str, dict[str, float]], version: str) -> None:
        self._net, self._weights, self._version = net, weights, version

    @property
    def version(self) -> str:
        return self._version

    def read(self, graph: ServiceGraph, signals: Signals) -> GraphReading:
        """ValueError where the arrays do not fit the graph. Where nothing stands out there is no cause."""
        if not len(graph):
            return _empty(self._version)
        look = self.look(graph, signals)
        suspicion = look.suspicion["product"]
        order = np.argsort(-suspicion, kind="stable").tolist() if look.symptoms.abnormal.any() else []
        words = [evidence(graph, signals, look.symptoms, service) for service in order[:WORDED]]
        words += [()] * (len(order) - len(words))
        causes = tuple(
            Cause(service, float(suspicion[service]), said) for service, said in zip(order, words, strict=True)
        )
        return GraphReading(
            health=look.net.health, propagation=look.net.reaches, delay=look.net.delay, system_health=look.net.system,
            causes=causes, embeddings=look.net.embeddings, model=self._version,
        )  # fmt: skip

    def look(self, graph: ServiceGraph, signals: Signals) -> Look:
        """Everything about a window of a graph with at least one service."""
        from models.nets.system_graph_gnn import read

        nodes, calls, found = features(graph, signals)
        net = read(self._net, nodes, graph.edges, calls)
        rules = {name: rule(graph, found) for name, rule in RULES.items()}
        return Look(
            net, found, rules | {"gnn": net.root, "product": blended(net.root, rules, self._weights[view(signals)])}
        )


def load_reader(folder: Path) -> NetReader:
    """The net and the mixture that ship in `folder` (model.safetensors, card.json); nothing is unpickled."""
    import torch
    from safetensors.torch import load_file

    from models.nets.system_graph_gnn import SystemGraphGNN

    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    net = SystemGraphGNN()
    net.load_state_dict(
        {name: value.to(torch.float32) for name, value in load_file(folder / "model.safetensors").items()}
    )
    return NetReader(net.eval(), card["mixture"], f"{card['name']}@{card['sha256'][:8]}")


def _empty(version: str) -> GraphReading:
    return GraphReading(
        np.zeros((0, 5)), np.zeros(0), np.zeros(0), 1.0, (), np.zeros((0, 256), dtype=np.float32), version
    )
