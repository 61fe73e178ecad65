"""BlendReader: the transformer and the kernel reader asked together.

Their log-probabilities are averaged, severity and category each with a weight of its own, and sharpened by a
temperature. The two err differently: the kernel knows what errors literally say, the network which tokens of an
unseen one matter. The confidence is a logistic regression on how sure each is and whether they agree.
Weights, temperatures and confidence are fitted on texts of families of technologies that neither had seen
(`fit_blend`), never on outside data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.analyse.corpus_classifier import CorpusClassifier
from models.analyse.token_head import Outputs
from models.records import Reading
from models.taxonomy import CATEGORIES, SEVERITIES

Doubles = NDArray[np.float64]
#: "weight" (2,) of the network for severity and category, "temperature" (2,), "confidence" (5,) with the intercept last.
BlendState = Mapping[str, Doubles]

#: Weights of the network that are tried.
WEIGHTS: Final = np.round(np.arange(0.0, 1.01, 0.1), 2)
#: Below every probability, so that one reader alone cannot rule a class out.
_FLOOR: Final = 1e-3


class BlendReader:
    """Reads with `kernel`, and with what the network said of the same texts."""

    def __init__(self, kernel: CorpusClassifier, state: BlendState, version: str) -> None:
        self.version = version
        self._kernel, self._state = kernel, state

    def read(self, vectors: NDArray[np.float32], texts: Sequence[str], outputs: Sequence[Outputs]) -> list[Reading]:
        """One Reading per row of `vectors` (n, d); `texts` and `outputs` (n) are of the same texts."""
        return blended(self._kernel.read(vectors, texts), outputs, self._state, self.version)


def blended(readings: Sequence[Reading], outputs: Sequence[Outputs], state: BlendState, version: str) -> list[Reading]:
    """The kernel's readings with the blend's classes and confidence; actions and evidence stay the kernel's."""
    if not readings:
        return []
    mixed = _mixed(_logs(readings, outputs), state)
    confidence = 1 / (1 + np.exp(-(_features(readings, outputs, mixed) @ state["confidence"][:-1] + state["confidence"][-1])))
    rows = zip(readings, mixed.severity, mixed.category, confidence, strict=True)
    return [_with(reading, severity, category, float(sure), version) for reading, severity, category, sure in rows]


def of_network(outputs: Sequence[Outputs], readings: Sequence[Reading], version: str) -> list[Reading]:
    """What the network says alone; actions and evidence, which it does not read, are the kernel's."""
    return [_with(reading, np.exp(_log_softmax(one.severity)), np.exp(_log_softmax(one.category)), one.confidence, version)
            for reading, one in zip(readings, outputs, strict=True)]


def fit_blend(
    readings: Sequence[Reading], outputs: Sequence[Outputs], severity: NDArray[np.int64], category: NDArray[np.int64]
) -> BlendState:
    """Fitted on n texts, the first len(severity) errors and the rest none; both readers saw nothing of their families.

    A weight is the one of the largest log-likelihood at its own best temperature: smoother than accuracy, which picks noise.
    """
    errors = len(severity)
    logs = _logs(readings, outputs)
    one, other = _best(logs.severity, severity, errors), _best(logs.category, category, errors)
    state = {"weight": np.array([one[0], other[0]]), "temperature": np.array([one[1], other[1]])}
    mixed = _mixed(logs, state)
    right = np.zeros(len(readings), dtype=bool)
    right[:errors] = (mixed.severity[:errors].argmax(axis=1) == severity) & (mixed.category[:errors].argmax(axis=1) == category)
    return {**state, "confidence": _logistic(_features(readings, outputs, mixed), right)}


@dataclass(frozen=True, slots=True)
class _Logs:
    """Log-probabilities, first the network's, then the kernel's: (2, n, 4) and (2, n, 10)."""

    severity: Doubles
    category: Doubles


@dataclass(frozen=True, slots=True)
class _Mixed:
    severity: Doubles  # (n, 4), rows sum to 1
    category: Doubles  # (n, 10)


def _logs(readings: Sequence[Reading], outputs: Sequence[Outputs]) -> _Logs:
    kernel = (np.array([r.severity_probabilities for r in readings]), np.array([r.category_probabilities for r in readings]))
    network = (np.stack([o.severity for o in outputs]), np.stack([o.category for o in outputs]))
    pairs = zip(network, kernel, strict=True)
    return _Logs(*(np.stack([np.log(np.exp(_log_softmax(n)) + _FLOOR), np.log(k + _FLOOR)]) for n, k in pairs))


def _mixed(logs: _Logs, state: BlendState) -> _Mixed:
    parts = zip((logs.severity, logs.category), state["weight"], state["temperature"], strict=True)
    return _Mixed(*(np.exp(_log_softmax(_mean(part, float(weight)) / temperature)) for part, weight, temperature in parts))


def _mean(logs: Doubles, weight: float) -> Doubles:
    mean: Doubles = weight * logs[0] + (1 - weight) * logs[1]
    return mean


def _best(logs: Doubles, truth: NDArray[np.int64], errors: int) -> tuple[float, float]:
    """Weight and temperature of the largest log-likelihood of the errors' own classes."""
    from scipy.optimize import minimize_scalar

    rows, found = np.arange(errors), []
    for weight in WEIGHTS.tolist():
        mean = _mean(logs[:, :errors], weight)

        def loss(log_temperature: float, mean: Doubles = mean) -> float:
            return -float(_log_softmax(mean / np.exp(log_temperature))[rows, truth].mean())

        fitted = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded")
        found.append((float(fitted.fun), weight, float(np.exp(fitted.x))))
    _, weight, temperature = min(found)
    return weight, temperature


def _features(readings: Sequence[Reading], outputs: Sequence[Outputs], mixed: _Mixed) -> Doubles:
    """(n, 4): what the confidence is estimated from.

    Few on purpose, as they are fitted on some three hundred texts. Still they part errors from non-errors worse than
    the kernel's own confidence (Youden's index on validation families 0.59 to 0.68; eleven features did 0.56 to 0.71).
    """
    kernel, network = (np.array([one.confidence for one in part]) for part in (readings, outputs))
    agree = [(SEVERITIES[int(o.severity.argmax())] == r.severity) + (CATEGORIES[int(o.category.argmax())] == r.category)
             for r, o in zip(readings, outputs, strict=True)]
    product = mixed.severity.max(axis=1) * mixed.category.max(axis=1)
    return np.column_stack([_logit(kernel), _logit(network), _logit(product), np.array(agree, dtype=float)])


def _logistic(features: Doubles, right: NDArray[np.bool_]) -> Doubles:
    """(5,) coefficients of the features as they are, the intercept last."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    if right.all() or not right.any():  # too few texts to be wrong, or right, even once
        features, right = np.concatenate([features, np.zeros((1, features.shape[1]))]), np.append(right, not right.any())
    scale = StandardScaler().fit(features)
    model = LogisticRegression(C=0.3, max_iter=1000).fit(scale.transform(features), right)
    slope = model.coef_[0] / scale.scale_
    return np.append(slope, model.intercept_[0] - slope @ scale.mean_)


def _with(reading: Reading, severity: Doubles, category: Doubles, confidence: float, version: str) -> Reading:
    return replace(
        reading, severity=SEVERITIES[int(severity.argmax())], category=CATEGORIES[int(category.argmax())],
        confidence=round(confidence, 4), severity_probabilities=tuple(round(float(p), 4) for p in severity),
        category_probabilities=tuple(round(float(p), 4) for p in category), model=version)


def _logit(probability: Doubles) -> Doubles:
    clipped = np.clip(probability, 1e-3, 1 - 1e-3)
    logit: Doubles = np.log(clipped / (1 - clipped))
    return logit


def _log_softmax(scores: Doubles) -> Doubles:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    result: Doubles = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
