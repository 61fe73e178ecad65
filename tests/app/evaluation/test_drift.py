"""`evaluate drift` on small made-up systems."""

import json

import pytest

from app.domain import InvalidInput
from app.evaluation import drift
from app.evaluation.run import evaluate
from models.vectors.hashing import HashingEncoder

WORDS = ("disk", "full", "table", "locked", "queue", "slow", "cache", "cold", "lease", "lost")


def write(path, texts):
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts))
    return path


def test_a_foreign_tenth_is_seen_and_the_null_windows_are_mostly_quiet(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(drift, "NULL", 60)
    monkeypatch.setattr(drift, "NULL_RIVALS", 20)
    monkeypatch.setattr(drift, "CONTAMINATED", 20)
    own = write(tmp_path / "own.jsonl", [f"{a} {b} of {c}" for a in WORDS for b in WORDS for c in WORDS[:4]])
    other = write(tmp_path / "other.jsonl", [f"the colour of button number {n} is wrong" for n in range(60)])
    report = evaluate("drift", own, data2=other, settings=settings, encoder=HashingEncoder())
    assert report["metrics"]["power_all_sizes"]["value"] > 0.9
    assert report["metrics"]["false_alarm_rate"]["value"] <= 0.05
    assert set(report["baselines"]) == {"ks_pca", "domain_classifier"}
    assert report["metrics"]["ms_per_window"]["value"] > 0


def test_rows_of_another_kind_are_needed(tmp_path, settings):
    with pytest.raises(InvalidInput, match="data2"):
        evaluate("drift", write(tmp_path / "own.jsonl", WORDS), settings=settings, encoder=HashingEncoder())
