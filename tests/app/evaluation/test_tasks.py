"""Every task on a little data of its own: the JSON has what is promised, the rivals are there."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bootstrap import LazyEncoder, Services
from app.domain import InvalidInput
from app.evaluation import TASKS, evaluate, speed
from app.evaluation.group import agreement, by_drain, by_signature
from app.evaluation.product import load_encoder, product
from app.evaluation.report import Request
from app.evaluation.search import bm25, rank
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

KEYS = {"task", "n", "seed", "model", "metrics", "baselines", "notes"}


def run(task: str, data: Path, settings: Settings, seed: int = 0) -> dict[str, Any]:
    report = evaluate(task, data, seed=seed, settings=settings, encoder=HashingEncoder())
    json.dumps(report, allow_nan=False)
    assert set(report) == KEYS
    assert (report["task"], report["seed"]) == (task, seed)
    assert not settings.data_dir.exists(), "nothing is written to the user's store"
    for metrics in (report["metrics"], *report["baselines"].values()):
        for metric in metrics.values():
            assert set(metric) == {"value", "low", "high"}
            assert metric["low"] is None or metric["low"] - 1e-9 <= metric["value"] <= metric["high"] + 1e-9
    return report


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def sample_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of three categories in six technologies, in place of the shipped one: rivals are fitted at once."""
    kinds = [
        ("disk {dir} is full", "high", "storage"),
        ("connection to {host} refused", "medium", "network"),
        ("password of {user} is wrong", "low", "security"),
    ]
    words = ("oh", "now", "again", "that", "so", "here") * 2
    templates = [
        {
            "id": f"{category}-{i}",
            "technology": f"tech-{i % 6}",
            "text": f"{word} {text}",
            "severity": severity,
            "category": category,
            "actions": ["restart_service"],
        }
        for text, severity, category in kinds
        for i, word in enumerate(words)
    ]
    (tmp_path / "corpus").mkdir()
    lines(tmp_path / "corpus" / "all.jsonl", templates)
    lines(tmp_path / "non_errors.jsonl", [{"id": str(i), "text": f"a walk in park number {i}"} for i in range(10)])
    monkeypatch.setattr("app.evaluation.product.SAMPLE_DATA", tmp_path)
    return tmp_path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    path = tmp_path / "logs.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["system", "message", "event_id"])
        for i in range(12):
            writer.writerow(["web", f"connection to 10.0.0.{i} refused after {i + 3} ms", "E1"])
            writer.writerow(["web", f"user u{i} signed in from console", "E2"])
            writer.writerow(["disk", f"write of block {1000 + i} failed on sd{i}", "E1"])
        writer.writerow(["disk", "controller is gone", "E2"])
    return path


def test_an_unknown_task_names_the_known_ones(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(InvalidInput, match="active, anomaly, cascade, ci, classify, drift, graph"):
        evaluate("nonsense", tmp_path, settings=settings)
    with pytest.raises(InvalidInput, match="there is no"):
        evaluate("group", tmp_path / "missing.csv", settings=settings)
    assert set(TASKS) >= {"classify", "group", "search", "speed"}


def test_what_is_measured_is_what_the_pages_use(parts: Services, settings: Settings) -> None:
    trace = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'"
    texts = ["disk sda1 is full", trace, "good morning"]
    with product(Request(data=Path(), settings=settings, encoder=HashingEncoder())) as measured:
        assert measured.reading.version == parts.reading.version
        for text in texts:
            assert measured.analysis.analyse(text).examined.reading == parts.analysis.analyse(text).examined.reading


@pytest.mark.parametrize("changes", [{}, {"runtime": "torch"}, {"precision": "fp32"}])
def test_the_encoder_measured_is_the_one_that_the_settings_name(
    settings: Settings, changes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (("onnx_runtime", "OnnxEncoder"), ("encoder", "TorchEncoder")):
        monkeypatch.setattr(f"models.vectors.{module}.{name}.__init__", _only_names)
    wanted = settings.model_copy(update=changes)
    assert load_encoder(wanted).version == LazyEncoder(wanted).version


def _only_names(self: Any, source: Any, precision: str = "fp32", *_: Any) -> None:
    self._source, self._precision = source, precision


@pytest.mark.usefixtures("sample_data")
def test_classify_on_labelled_rows(tmp_path: Path, settings: Settings) -> None:
    texts = [
        ("java.lang.OutOfMemoryError: Java heap space", "high", "memory"),
        ("ssh: connection refused", "medium", "network"),
        ("No space left on device", "high", "storage"),
        ("permission denied for user app", "medium", "security"),
    ]
    rows: list[dict[str, Any]] = [
        {
            "text": text,
            "is_error": True,
            "severity": severity,
            "category": category,
            "also_severity": "low",
            "actions": ["restart_service"],
        }
        for text, severity, category in texts
    ]
    rows.append({"text": "good morning, the bus leaves at nine", "is_error": False})
    report = run("classify", lines(tmp_path / "labelled.jsonl", rows), settings)
    assert report["n"] == 4
    assert {
        "severity_accuracy",
        "severity_macro_f1",
        "category_accuracy",
        "category_macro_f1",
        "ece",
        "risk_at_80_coverage",
        "non_error_flagged",
        "error_flagged",
    } <= set(report["metrics"])
    assert set(report["baselines"]) == {"tfidf_logreg", "minilm_logreg", "minilm_knn", "majority"}
    assert sum(note.startswith("product minus") for note in report["notes"]) == 4


def test_classify_on_a_corpus_leaves_technologies_out(sample_data: Path, settings: Settings) -> None:
    report = run("classify", sample_data / "corpus", settings)
    assert report["n"] == 36
    assert report["metrics"]["category_accuracy"]["value"] == 1
    assert report["baselines"]["majority"]["category_accuracy"]["value"] < 0.5
    assert "critical_recall" not in report["metrics"], "no template is critical: nothing to recall"


def test_group(logs: Path, settings: Settings) -> None:
    report = run("group", logs, settings)
    assert report["n"] == 37
    assert report["metrics"]["grouping_accuracy"]["value"] == 1
    assert {"grouping_f1", "grouping_accuracy_web", "grouping_f1_disk", "lines_per_second"} <= set(report["metrics"])
    assert set(report["baselines"]) == {"drain3", "exact_text"}
    assert report["baselines"]["exact_text"]["grouping_accuracy_disk"]["value"] == pytest.approx(1 / 13, abs=1e-6)


def test_agreement_by_hand() -> None:
    # predicted {0,1}, {2}, {3}, {4,5}; gold {0,1}, {2,3}, {4,5}: two of the groups are right
    result = agreement(["x", "x", "y", "z", "w", "w"], ["A", "A", "B", "B", "C", "C"])
    assert result.lines.tolist() == [True, True, False, False, True, True]
    assert result.groups.mean() == pytest.approx(2 * 2 / (4 + 3))


def test_both_groupers_see_through_numbers() -> None:
    messages = ["took 3 ms", "took 17 ms", "lost node"]
    for group in (by_signature, by_drain):
        first, second, other = group(messages)
        assert first == second != other


@pytest.mark.usefixtures("sample_data")
def test_search(logs: Path, settings: Settings) -> None:
    report = run("search", logs, settings)
    assert report["n"] == 36, "the message without a mate asks nothing"
    assert {"hit_at_1", "hit_at_5", "mrr", "mrr_web", "index_recall_at_10"} <= set(report["metrics"])
    assert set(report["baselines"]) == {"minilm_exact", "tfidf", "bm25", "tfidf_normalised"}
    assert report["metrics"]["hit_at_1"]["value"] == report["metrics"]["index_recall_at_10"]["value"] == 1


def test_rank_leaves_the_query_itself_out() -> None:
    similarity = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]])
    assert rank(similarity, np.array([0, 1, 0])).reciprocal.tolist() == [0.5, 0.5]
    assert rank(similarity, np.array([0, 0, 1])).reciprocal.tolist() == [1.0, 1.0]


def test_bm25_by_hand() -> None:
    scores = bm25(["red fox", "red dog"])
    # both of mean length: weight 1 * 2.5 / (1 + 1.5) = 1; idf(red) = log(1 + 0.5 / 2.5), idf(fox) = log(1 + 1.5 / 1.5)
    assert scores[0, 1] == pytest.approx(np.log(1.2))
    assert scores[0, 0] == pytest.approx(np.log(1.2) + np.log(2))


@pytest.mark.usefixtures("sample_data")
def test_speed(logs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "ROUNDS", 2)
    monkeypatch.setattr(speed, "INGESTS", 1)
    report = run("speed", logs, settings)
    assert {
        "embed_ms_16_tokens",
        "embed_ms_128_tokens",
        "embed_per_second",
        "amortised_ms",
        "ingest_lines_per_second",
        "analyse_ms_p50",
        "analyse_ms_p99",
    } <= set(report["metrics"])
    assert report["baselines"]["drain3"]["ingest_lines_per_second"]["value"] > 0
    assert speed.quantile([1, 2, 3], 50, seed=0).value == 2


@pytest.mark.model
@pytest.mark.slow
def test_speed_with_the_real_encoder(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROUNDS", "INGESTS", "STARTS"):
        monkeypatch.setattr(speed, name, 1)
    monkeypatch.setattr(speed, "CALLS", 2)
    from app.settings import current

    report = evaluate("speed", logs, settings=current())
    assert {"onnx_fp32", "sentence_transformers", "drain3"} == set(report["baselines"])
    assert {"start_seconds", "peak_mb", "cosine_to_reference_min"} <= set(report["metrics"])
    assert report["metrics"]["cosine_to_reference_min"]["value"] > 0.95
