"""The map follows the store: fitted once, kept without text, added to beside neighbours, emptied of what is removed."""

import threading

import numpy as np
import pytest

from app.domain import Unavailable
from app.services.map import ErrorMapService
from app.services.map_fit import Fitted, fit_in_a_process
from models.vectors.families import families
from models.vectors.projection import flat, trustworthiness

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "omega")
KINDS = ("disk full on the volume", "connection refused by peer", "null pointer in checkout")


def lines(words=WORDS, kinds=KINDS):
    return "\n".join(f"ERROR {kind} {word} failed" for kind in kinds for word in words)


class Fitter:
    """PCA in place of UMAP: what is tested here is when a map is fitted, not how."""

    def __init__(self):
        self.sizes = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, vectors, _started):
        self.sizes.append(len(vectors))
        assert self.gate.wait(30)
        points = flat(vectors)
        return Fitted(points, families(points), trustworthiness(vectors, points))


@pytest.fixture
def fitter():
    return Fitter()


@pytest.fixture
def make(parts, settings, fitter):
    """A map over the store, as a process has it; called again, as after a restart."""
    made = []

    def new(fit=fitter):
        made.append(ErrorMapService(parts.store, parts.encoder.version, settings.data_dir / "map.npz", fit))
        return made[-1]

    yield new
    fitter.gate.set()
    for each in made:
        each.close()


def settled(service):
    service.current()
    assert service.wait(30)
    return service.current()


def test_an_empty_store_and_three_signatures_have_a_map_without_a_fit(parts, make, fitter):
    service = make()
    assert service.current().rows == ()
    parts.ingest.text(lines(WORDS[:3], KINDS[:1]), actor="ada")
    found = settled(service)
    assert (len(found.rows), found.points.shape, found.method) == (3, (3, 2), "PCA")
    assert np.isfinite(found.points).all() and found.families == ()
    assert fitter.sizes == []


def test_pca_stands_in_while_the_map_is_fitted_in_the_background(parts, make, fitter):
    parts.ingest.text(lines(), actor="ada")
    fitter.gate.clear()
    service = make()
    found = service.current()
    assert (found.method, len(found.rows)) == ("PCA", 36) and found.fitting_since is not None
    assert service.current().fitting_since == found.fitting_since
    fitter.gate.set()
    found = settled(service)
    assert (found.method, found.fitting_since, fitter.sizes) == ("UMAP", None, [36])


def test_rows_say_how_their_issue_stands_now_and_an_answer_fits_nothing_anew(parts, make, fitter):
    parts.ingest.text(lines(), actor="ada", source_file="orders.log")
    service = make()
    before = settled(service)
    row = before.rows[0]
    assert row.service == "orders" and row.first_seen <= row.last_seen
    parts.triage.say("correct_severity", row.issue_id, actor="ada", key="k1", answer={"severity": "critical"})
    parts.triage.say("mute", row.issue_id, actor="ada", key="k2", answer={"per_hour": 9})
    after = service.current()
    assert after.rows[0].severity == "critical" and after.rows[0].is_muted(0.0)
    assert np.array_equal(after.points, before.points) and fitter.sizes == [36]
    assert service.current() is after


def test_families_are_named_by_what_they_share(parts, make):
    parts.ingest.text(lines(), actor="ada")
    found = settled(make())
    assert len(found.families) >= 2
    assert any("disk" in family.name for family in found.families)
    assert sum(family.size for family in found.families) == int((found.labels >= 0).sum())


def test_what_is_new_is_placed_beside_its_like_and_nothing_else_moves(parts, make, fitter):
    parts.ingest.text(lines(), actor="ada")
    service = make()
    before = settled(service)
    parts.ingest.text("ERROR disk full on the volume newcomer failed", actor="ada")
    after = settled(service)
    assert fitter.sizes == [36] and after.placed == 1 and len(after.rows) == 37
    assert np.array_equal(after.points[:36], before.points)
    nearest = int(np.linalg.norm(before.points - after.points[36], axis=1).argmin())
    assert "disk full" in before.rows[nearest].text


def test_it_is_fitted_anew_when_the_store_has_grown_by_half(parts, make, fitter):
    parts.ingest.text(lines(WORDS[:6]), actor="ada")
    service = make()
    settled(service)
    parts.ingest.text(lines([f"more{word}" for word in WORDS[:3]]), actor="ada")
    found = settled(service)
    assert fitter.sizes == [18, 27] and found.placed == 0


def test_a_restart_reads_the_map_from_the_disk_and_the_file_holds_no_text(parts, settings, make, fitter):
    parts.ingest.text(lines(), actor="ada")
    before = settled(make())
    after = make().current()
    assert after.method == "UMAP" and np.array_equal(after.points, before.points) and fitter.sizes == [36]
    with np.load(settings.data_dir / "map.npz", allow_pickle=False) as file:
        assert {name: file[name].dtype.kind for name in file.files if file[name].dtype.kind not in "if"} == {
            "encoder": "U"
        }
        assert str(file["encoder"]) == parts.encoder.version


@pytest.mark.parametrize("harm", ["missing", "cut", "nonsense", "of another encoder", "a pickle"])
def test_an_unusable_file_is_fitted_anew(parts, settings, make, fitter, harm):
    parts.ingest.text(lines(), actor="ada")
    settled(make())
    file = settings.data_dir / "map.npz"
    if harm == "missing":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-300])
    elif harm == "nonsense":
        file.write_bytes(b"PK\x03\x04 nothing")
    elif harm == "a pickle":
        with file.open("wb") as stream:
            np.savez(stream, ids=np.array([object()]), encoder=np.array(parts.encoder.version))
    else:
        with np.load(file) as found:
            held = {name: found[name] for name in found.files} | {"encoder": np.array("other@1")}
        np.savez(file, **held)
    found = settled(make())
    assert found.method == "UMAP" and fitter.sizes == [36, 36]


def test_what_is_removed_goes_from_the_map_and_from_its_file(parts, settings, make, fitter):
    parts.ingest.text(lines(), actor="ada")
    upload = parts.ingest.text("ERROR token expired for the session", actor="ada")
    service = make()
    settled(service)
    gone = 37
    parts.ingest.remove(upload.id, actor="ada", key="k")
    found = settled(service)
    assert len(found.rows) == 36 and gone not in [row.id for row in found.rows] and fitter.sizes == [37]
    with np.load(settings.data_dir / "map.npz") as file:
        assert gone not in file["ids"].tolist() and len(file["points"]) == 36


def test_what_is_removed_while_a_map_is_fitted_is_not_kept(parts, settings, make, fitter):
    parts.ingest.text(lines(), actor="ada")
    upload = parts.ingest.text("ERROR token expired for the session", actor="ada")
    fitter.gate.clear()
    service = make()
    service.current()
    parts.ingest.remove(upload.id, actor="ada", key="k")
    fitter.gate.set()
    assert service.wait(30)
    with np.load(settings.data_dir / "map.npz") as file:
        assert 37 not in file["ids"].tolist()
    assert len(service.current().rows) == 36


def test_a_fit_that_fails_is_said_and_not_tried_again_at_once(parts, make):
    parts.ingest.text(lines(), actor="ada")
    tries = []

    def failing(vectors, _started):
        tries.append(len(vectors))
        raise Unavailable("the map could not be fitted: no memory")

    service = make(failing)
    found = settled(service)
    assert (found.method, found.problem, found.fitting_since) == ("PCA", "the map could not be fitted: no memory", None)
    parts.ingest.text("ERROR one more", actor="ada")
    settled(service)
    assert tries == [36]


def test_a_process_that_dies_says_so_in_words():
    with pytest.raises(Unavailable, match="could not be fitted"):
        fit_in_a_process(np.zeros((2, 3), dtype=np.float32), lambda process: process.kill())


@pytest.mark.slow
def test_the_real_fit_runs_in_a_process_of_its_own(parts, make):
    parts.ingest.text(lines(), actor="ada")
    service = make(fit_in_a_process)
    service.current()
    assert service.wait(280)
    found = service.current()
    assert (found.method, found.problem) == ("UMAP", "") and found.trust > 0.8
    kinds = np.array([next(i for i, kind in enumerate(KINDS) if kind.split()[0] in row.text) for row in found.rows])
    spread = max(
        np.linalg.norm(found.points[kinds == i] - found.points[kinds == i].mean(axis=0), axis=1).mean()
        for i in range(3)
    )
    centres = np.array([found.points[kinds == i].mean(axis=0) for i in range(3)])
    assert min(np.linalg.norm(centres[i] - centres[i - 1]) for i in range(3)) > spread


def test_closing_ends_a_fit_that_is_under_way(parts, make):
    parts.ingest.text(lines(), actor="ada")
    service = make(fit_in_a_process)
    service.current()
    service.close()
    assert service.wait(10)
    assert service.current().method == "PCA"
