"""Task `resolution`: each kind of data is told by its columns, and learners do better than none on data that can be learnt."""

import csv
import json

import numpy as np
import pytest

from app.domain import InvalidInput
from app.evaluation.run import evaluate
from models.taxonomy import ACTIONS
from models.vectors.hashing import HashingEncoder


def table(path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(path, settings):
    return evaluate("resolution", path, seed=0, seeds=1, settings=settings, encoder=HashingEncoder())


def test_errors_with_actions(tmp_path, settings):
    words = ("refused", "expired", "full", "null")
    rows = [
        {
            "text": f"{words[n % 4]} {words[n % 4]} in part {chr(97 + n)}",
            "is_error": True,
            "actions": [ACTIONS[2 * (n % 4)]],
        }
        for n in range(24)
    ]
    path = tmp_path / "errors.jsonl"
    path.write_text("\n".join(map(json.dumps, [*rows, {"text": "a stray sentence", "is_error": False}])))
    report = run(path, settings)
    assert report["n"] == 24 and report["model"].startswith("resolution-")
    metrics = report["metrics"]
    assert {
        "accept_rate",
        "accept_within_3",
        "regret",
        "share_of_full_information",
        "ope_coverage_95",
    } <= metrics.keys()
    assert metrics["accept_rate"]["value"] <= metrics["accept_within_3"]["value"] <= 1
    assert {"fixed_ladder", "epsilon_greedy_logreg", "lin_ucb", "lin_ts", "full_information", "corpus"} == report[
        "baselines"
    ].keys()
    assert report["baselines"]["full_information"]["regret"]["value"] == 0
    assert any(note.startswith("product minus lin_ts, accept_rate") for note in report["notes"])


def test_incidents_and_groups(tmp_path, settings):
    rng = np.random.default_rng(0)
    fields = (
        "category",
        "subcategory",
        "symptom",
        "location",
        "contact_type",
        "impact",
        "urgency",
        "priority",
        "opened_by",
    )
    kinds = rng.integers(4, size=240).tolist()
    base = [{"incident": f"I{n:04}", "opened_at": f"2026-01-{1 + n // 10:02}T00:00:00"} for n in range(240)]
    rows = [
        one | {"step": 0, "assignment_group": "G0"} | dict.fromkeys(fields, f"v{kind}")
        for one, kind in zip(base, kinds, strict=True)
    ]
    path = table(tmp_path / "triage.csv", rows)
    with pytest.raises(InvalidInput, match=r"resolutions\.csv"):
        run(path, settings)
    table(
        tmp_path / "resolutions.csv", [one | {"final_group": f"G{kind}"} for one, kind in zip(base, kinds, strict=True)]
    )
    report = run(path, settings)
    assert report["n"] == 240
    rate = {name: metrics["accept_rate"]["value"] for name, metrics in report["baselines"].items()}
    rate["product"] = report["metrics"]["accept_rate"]["value"]
    assert rate["full_information"] > rate["product"] > rate["fixed_ladder"]
    assert "dqn" in rate


def test_logged_clicks(tmp_path, settings):
    rng = np.random.default_rng(0)
    rows = []
    for policy, chances in (("random", (0.5, 0.5)), ("bts", (0.9, 0.1))):
        for item in rng.choice(2, size=800, p=chances).tolist():
            clicked = int(rng.random() < (0.6, 0.2)[item])
            rows.append(
                {"campaign": "men", "policy": policy, "item_id": item, "propensity": chances[item], "accepted": clicked}
            )
    report = run(table(tmp_path / "clicks.csv", rows), settings)
    direct = report["baselines"]["measured_directly"]["click_rate_men"]["value"]
    for name in ("ips_men", "snips_men", "doubly_robust_men"):
        estimate = report["metrics"][name]
        assert estimate["low"] <= direct <= estimate["high"]
        assert estimate["value"] == pytest.approx(0.56, abs=0.06)


def test_other_data_is_refused(tmp_path, settings):
    with pytest.raises(InvalidInput, match="needs the column"):
        run(table(tmp_path / "x.csv", [{"text": "a"}]), settings)
