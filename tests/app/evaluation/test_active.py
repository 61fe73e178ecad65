"""Task `active`: paired curves over one split, intervals over seeds, and what it says where there is nothing to save."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.domain import InvalidInput
from app.evaluation import active
from app.evaluation.active import Curve, Pool, curve, worst_gap
from app.evaluation.run import evaluate
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

THINGS = ("disk", "socket", "token", "heap")
NAMES = [f"{a}{b}" for a in "abcdefghjk" for b in "qrstuvwxyz"]


def data(folder: Path, n: int = 160) -> Path:
    rows = [{"text": f"{THINGS[i % 4]} {name} failed in {NAMES[-1 - i % 90]}", "category": THINGS[i % 4]} for i, name in
            enumerate(name + other for name in NAMES for other in NAMES[:2])][:n]  # fmt: skip
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, cache_dir=tmp_path)


def test_the_report_has_the_rivals_and_an_interval_over_seeds(tmp_path: Path, small: Settings) -> None:
    report = evaluate("active", data(tmp_path), seeds=3, settings=small, encoder=HashingEncoder())
    assert report["n"] == 160 and report["model"] == "margin@scikit-activeml"
    assert set(report["baselines"]) == {"random", "margin"}
    for metrics in (report["metrics"], *report["baselines"].values()):
        ratio = metrics["ratio"]
        assert ratio["low"] <= ratio["value"] <= ratio["high"]
        assert metrics["labels_to_95_percent"]["value"] >= active.START
    assert report["baselines"]["random"]["ratio"]["value"] == 1
    assert report["baselines"]["random"]["worst_gap_to_random"]["value"] == 0
    assert "category, 4 classes" in report["notes"][0]


def test_every_strategy_of_a_seed_starts_alike_and_a_rerun_is_the_same() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 200)
    vectors = (np.eye(3, 12)[truth] + 0.5 * rng.normal(size=(200, 12))).astype(np.float32)
    pool = Pool(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), truth, ("a", "b", "c"))
    one, other = curve(pool, "random", 1), curve(pool, "entropy", 1)
    assert one.f1[0] == other.f1[0] and one.full == other.full and len(one.f1) == len(other.f1) == 9
    assert np.array_equal(curve(pool, "entropy", 1).f1, other.f1)
    assert one.f1[-1] == pytest.approx(one.full, abs=0.05), "all labels: the head of the whole pool"
    assert other.needed <= 100 and other.met


def test_the_gap_is_the_largest_fall_of_the_median_below_random() -> None:
    def some(*f1: float) -> list[Curve]:
        return [Curve(np.array(f1), 20, True, 1.0, 0.0)]

    assert worst_gap(some(0.5, 0.6, 0.9), some(0.5, 0.7, 0.8)) == pytest.approx(0.1)
    assert worst_gap(some(0.9), some(0.8)) == 0


def test_too_few_texts_are_refused_in_words(tmp_path: Path, small: Settings) -> None:
    with pytest.raises(InvalidInput, match="at least 80 distinct texts"):
        evaluate("active", data(tmp_path, 40), settings=small, encoder=HashingEncoder())
