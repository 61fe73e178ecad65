"""ErrorFlowLSTM on one window: by torch, or by ONNX Runtime from a file that is exported once.

A window of ten steps took 8.8 ms of processor time in torch and 2.2 ms in ONNX Runtime, one thread each, with answers equal
to 1e-5; a forecast waits for one window, so that the dashboard reads by the file and needs no torch for it.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.nets.error_flow_lstm import ErrorFlowLSTM

Floats = NDArray[np.float32]

_OUTPUTS: Final = ("incident", "next_scores", "gate", "hazard", "pointer", "attention")


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one window of T steps: logits `incident` (8,), `hazard` (30,) and `gate`; `next_scores` (T + 1,), the last of none of
    the steps; `pointer` and `attention` (T,), sum 1."""

    incident: Floats
    next_scores: Floats
    gate: float
    hazard: Floats
    pointer: Floats
    attention: Floats


class Flow(Protocol):
    def __call__(self, steps: Floats, moment: Floats) -> Answers:
        """Of one window: `steps` (T, 512) and `moment` (33,), float32."""
        ...


class TorchFlow:
    def __init__(self, net: "ErrorFlowLSTM") -> None:
        self._net = net.eval()

    def __call__(self, steps: Floats, moment: Floats) -> Answers:
        import torch

        with torch.inference_mode():
            out = self._net.unpadded(torch.from_numpy(steps[None]), torch.from_numpy(moment[None]))
        return _answers([getattr(out, name).numpy() for name in _OUTPUTS])


class OnnxFlow:
    """Safe to share between threads."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # one window is too little work to share
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def __call__(self, steps: Floats, moment: Floats) -> Answers:
        return _answers(self._session.run(list(_OUTPUTS), {"steps": steps[None], "moment": moment[None]}))


def export(net: "ErrorFlowLSTM", file: Path) -> None:
    """Writes the net as ONNX (a second, 22 MB): whole or not there, whoever else exports at the same time."""
    import torch

    class Unpadded(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net.eval()

        def forward(self, steps: torch.Tensor, moment: torch.Tensor) -> tuple[torch.Tensor, ...]:
            out = self.net.unpadded(steps, moment)
            return tuple(getattr(out, name) for name in _OUTPUTS)

    example = (torch.zeros(1, 7, net.lstm.input_size), torch.zeros(1, net.moment))
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter by tracing; the newer one fixes an LSTM to the example's length
        made = Path(folder) / "flow.onnx"
        torch.onnx.export(
            Unpadded(), example, str(made), input_names=["steps", "moment"], output_names=list(_OUTPUTS),
            dynamic_axes={name: {1: "length"} for name in ("steps", "next_scores", "pointer", "attention")}, dynamo=False,
        )  # fmt: skip
        made.replace(file)


def _answers(outputs: list[Any]) -> Answers:
    incident, scores, gate, hazard, pointer, attention = (one[0] for one in outputs)
    return Answers(incident, scores, float(gate), hazard, pointer, attention)
