"""ModelRegistry: one whole version answers whatever happens, nothing passes the gate unmeasured, and the way back is exact."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.bootstrap import Services, build
from app.domain import InvalidInput, Unavailable
from app.services.registry import READER, in_share, reader_name
from app.services.retraining import RetrainingService
from app.settings import Settings
from app.storage.versions import Version
from models.learn.gate import compare, decide
from models.learn.sequential import Arm, standing
from models.vectors.hashing import HashingEncoder

LINES = "\n".join(
    f"ERROR gadget {word} frobnicated the wrong quux" for word in ("alpha", "beta", "gamma", "delta", "epsilon")
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, corpus_cache: Path) -> Path:
    """A data folder with errors, corrections and a candidate that learned from them; made once, it takes seconds."""
    folder = tmp_path_factory.mktemp("trained")
    parts = build(Settings(data_dir=folder, cache_dir=corpus_cache, sample=False), encoder=HashingEncoder())
    parts.ingest.text(LINES, actor="test")
    for number in range(1, 4):
        parts.triage.say("correct_category", number, actor="Ada", key=f"c{number}", answer={"category": "security"})
    parts.learning.wait()
    retraining(parts).retrain("test")
    parts.close()
    return folder


@pytest.fixture
def parts(trained: Path, tmp_path: Path, corpus_cache: Path) -> Iterator[Services]:
    import shutil

    shutil.copytree(trained, tmp_path / "data")
    built = build(Settings(data_dir=tmp_path / "data", cache_dir=corpus_cache, sample=False), encoder=HashingEncoder())
    yield built
    built.close()


def retraining(parts: Services) -> RetrainingService:
    return RetrainingService(parts.store, parts.registry, parts.reading, parts.learning, parts.audit)


def candidate(parts: Services) -> Version:
    return next(one for one in parts.registry.versions(READER) if not one.shipped)


def allowed(parts: Services) -> Version:
    """The candidate in the shadow, with a gate that found a gain: what the gate itself says is tested apart."""
    version = parts.registry.stage(READER, candidate(parts).version, "shadow", actor="Ada", key="s", reason="test")
    parts.registry.shadow()
    gain = decide(compare("frozen holdout", [False] * 60 + [True] * 340, [True] * 400))
    assert gain.verdict == "better"
    return parts.registry.decided(version, gain)


def promoted(parts: Services) -> Version:
    version = allowed(parts)
    return parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="better", skip_ab=True)


def test_what_ships_is_there_and_a_candidate_names_its_data_code_hash_and_measures(parts: Services) -> None:
    current, version = parts.registry.current(), candidate(parts)
    assert current.shipped and version.state == "candidate"
    assert version.data["labels"] == 3 and version.data["corpus"] == parts.reading.shipped_version
    assert version.metrics["holdout"]["n"] > 500 and len(version.sha256) == 64
    decision = parts.registry.decision(version)
    assert decision is not None and decision.reasons and decision.compared[0].part == "frozen holdout"
    folder = parts.settings.data_dir / "models" / READER / version.version
    assert {file.name for file in folder.iterdir()} == {"model.safetensors", "card.json"}
    blob = (folder / "model.safetensors").read_bytes()
    again = parts.registry.register(READER, blob, code="c", seed=0, data={}, metrics={}, reason="again")
    assert again.version == version.version  # the same weights are the same version


def test_always_shadow_first_then_a_measured_gate(parts: Services) -> None:
    version = candidate(parts)
    with pytest.raises(InvalidInput, match="promoted from the shadow"):
        parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="now", skip_ab=True)
    before = parts.store.signatures.get(1).reading
    parts.registry.stage(READER, version.version, "shadow", actor="Ada", key="s", reason="try it")
    with pytest.raises(InvalidInput, match="in the shadow"):
        parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="now", skip_ab=True)
    assert parts.registry.shadow() == 5 and parts.registry.shadow() == 0
    assert parts.store.versions.beside(version.id)[0] == 5
    assert parts.store.signatures.get(1).reading == before  # stored, not shown
    loss = decide(compare("frozen holdout", [True] * 400, [False] * 60 + [True] * 340))
    parts.registry.decided(version, loss)
    with pytest.raises(InvalidInput, match="gate keeps"):
        parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="now", skip_ab=True)


def test_promotion_changes_the_answers_and_rollback_restores_them(parts: Services) -> None:
    text = "ERROR gadget zeta frobnicated the wrong quux"
    before = parts.analysis.analyse(text).examined.reading
    version = promoted(parts)
    now = parts.analysis.analyse(text).examined.reading
    assert now.model.startswith(reader_name(version)) and now != before
    assert parts.reading.version.startswith(reader_name(version))
    parts.ingest.text("ERROR gadget eta frobnicated the wrong quux", actor="test")
    assert parts.store.signatures.get(6).reading.model.startswith(reader_name(version))
    parts.registry.rollback(READER, actor="Bo", key="r", reason="worse on quux")
    assert parts.analysis.analyse(text).examined.reading == before
    rows = parts.store.log.entries(kinds=("promote_model", "rollback_model"))
    assert [(row.kind, row.actor, row.answer["reason"]) for row in rows] == [
        ("promote_model", "Ada", "better"), ("rollback_model", "Bo", "worse on quux")]  # fmt: skip
    assert rows[0].answer["skipped_ab"] == 1
    with pytest.raises(InvalidInput, match="nothing before it"):
        parts.registry.rollback(READER, actor="Bo", key="r2", reason="again")


def test_a_repeated_click_promotes_once_and_the_ab_test_is_not_skipped_by_chance(parts: Services) -> None:
    version = allowed(parts)
    with pytest.raises(InvalidInput, match="A/B test is not over"):
        parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="now")
    for _ in range(2):
        parts.registry.promote(READER, version.version, actor="Ada", key="p2", reason="now", skip_ab=True)
    assert len(parts.store.log.entries(kinds=("promote_model",))) == 1


@pytest.mark.parametrize("step", ["_restamp", "append"])
def test_a_promotion_that_is_killed_between_its_steps_leaves_the_old_one(
    parts: Services, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    version = allowed(parts)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"app.storage.versions.{step}", die)
    with pytest.raises(KeyboardInterrupt):
        parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="now", skip_ab=True)
    monkeypatch.undo()
    assert parts.registry.current().shipped
    assert [one.state for one in parts.registry.versions(READER)].count("current") == 1
    assert parts.store.log.entries(kinds=("promote_model",)) == []
    assert (
        parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="now", skip_ab=True).state
        == "current"
    )


def test_a_registration_that_is_killed_before_its_row_can_be_done_again(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    def register() -> Version:
        return parts.registry.register(
            READER, b"weights", code="c", seed=0, data={}, metrics={}, reason="test")  # fmt: skip

    monkeypatch.setattr(parts.store.versions, "add", die)
    with pytest.raises(KeyboardInterrupt):
        register()
    monkeypatch.undo()
    assert all(one.data.get("keys") or one.shipped for one in parts.registry.versions(READER))
    assert register().version.startswith("v2-")


def test_damaged_weights_are_refused_in_words_and_what_ships_reads(parts: Services, corpus_cache: Path) -> None:
    version = promoted(parts)
    file = parts.settings.data_dir / "models" / READER / version.version / "model.safetensors"
    blob = bytearray(file.read_bytes())
    blob[-1] ^= 1
    file.write_bytes(blob)
    again = build(parts.settings, encoder=HashingEncoder())
    reading = again.analysis.analyse("ERROR gadget zeta frobnicated the wrong quux").examined.reading
    assert reading.model.startswith(again.reading.shipped_version)
    assert "damaged or were changed" in again.registry.problem
    with pytest.raises(Unavailable, match="sha256"):
        again.registry.load(version)
    again.close()


def test_an_ab_test_gives_its_share_of_new_errors_to_the_new_version_and_stops_where_it_loses(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = allowed(parts)
    version = parts.registry.stage(READER, version.version, "ab", actor="Ada", key="ab", reason="try it", share=0.5)
    parts.ingest.text(
        "\n".join(
            f"ERROR subsystem {chr(97 + a)}{chr(97 + b)}x refused by the peer" for a in range(6) for b in range(6)
        ),
        actor="t",
    )
    rows = parts.store.signatures.by_id(list(range(6, 60))).values()
    assert len(rows) > 20
    for row in rows:
        new = row.reading.model.startswith(reader_name(version))
        assert new == in_share(row.signature.key, version.version, 0.5)
    assert 0 < sum(row.reading.model.startswith(reader_name(version)) for row in rows) < len(rows)
    shares = [in_share(f"{n:032x}", "v1", 0.2) for n in range(5_000)]
    assert np.mean(shares) == pytest.approx(0.2, abs=0.02)
    for number, row in enumerate(rows):
        kind = "reject" if row.reading.model.startswith(reader_name(version)) else "accept"
        parts.triage.say(
            kind, row.issue_id, actor="Ada", key=f"a{number}", answer={"action": row.reading.actions[0][0]}
        )
    test = parts.registry.ab(version)
    assert (test.b.share, test.a.share) == (0.0, 1.0) and test.a.n + test.b.n == len({row.issue_id for row in rows})
    assert test.high < 0 if test.verdict == "worse" else test.verdict == "open"
    monkeypatch.setattr("app.services.registry.standing", lambda a, b: standing(Arm(90, 100), Arm(30, 100)))
    parts.registry.shadow()
    with pytest.raises(InvalidInput, match="A/B test keeps"):
        parts.registry.promote(READER, version.version, actor="Ada", key="p", reason="now", skip_ab=True)
    assert "less often" in parts.registry.stop_rule() and parts.registry.waiting() is None
    keys = [f"{n:032x}" for n in range(8)]
    vectors, texts = np.stack([row.vector for row in rows][:8]), ["text"] * 8
    readings = parts.registry.read(vectors, texts, None, keys)
    assert {reading.model for reading in readings} == {parts.reading.shipped_version}


def test_a_version_that_learned_from_a_purged_text_is_taken_away(parts: Services) -> None:
    version = promoted(parts)
    parts.purge.purge("frobnicated", actor="Ada", key="purge")
    assert parts.registry.current().shipped
    assert not (parts.settings.data_dir / "models" / READER / version.version).exists()
    assert (
        "removed" in parts.registry.get(READER, version.version).reason
        or parts.registry.get(READER, version.version).state == "retired"
    )
