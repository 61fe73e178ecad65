"""The map: neighbours stay together, the same vectors give the same map, what is new lies beside its like."""

import numpy as np
import pytest

from models.vectors.families import NONE, families, names
from models.vectors.projection import FEWEST, flat, place, project, trustworthiness


def clusters(sizes=(20, 20, 20), seed=0, dims=384, spread=0.3):
    """Unit rows around as many centres, and the centre of each row."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(sizes), dims))
    of = np.repeat(np.arange(len(sizes)), sizes)
    rows = (centres[of] + spread * random.normal(size=(len(of), dims))).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), of


def apart(points, of):
    """Smallest distance between two clusters' centres, in the largest radius of a cluster."""
    centres = np.array([points[of == one].mean(axis=0) for one in np.unique(of)])
    radius = max(np.linalg.norm(points[of == one] - centres[one], axis=1).max() for one in np.unique(of))
    between = [np.linalg.norm(a - b) for i, a in enumerate(centres) for b in centres[:i]]
    return min(between) / radius


@pytest.fixture(scope="module")
def fitted():
    """UMAP compiles itself at first use, which takes most of the time here; the map of three clusters, made twice."""
    vectors, of = clusters()
    before = vectors.copy()
    points = project(vectors)
    assert np.array_equal(vectors, before)
    return vectors, of, points, project(vectors)


@pytest.mark.slow
def test_the_same_vectors_give_the_same_map(fitted):
    vectors, _, points, again = fitted
    assert points.shape == (len(vectors), 2) and points.dtype == np.float32
    assert np.array_equal(points, again)


@pytest.mark.slow
def test_three_clusters_stay_three_and_are_trusted(fitted):
    vectors, of, points, _ = fitted
    assert apart(points, of) > 2
    assert trustworthiness(vectors, points) > 0.85
    found = families(points)
    assert sorted(set(found.tolist())) == [0, 1, 2]
    assert all(len(set(found[of == one].tolist())) == 1 for one in range(3))


@pytest.mark.slow
def test_a_new_point_lies_in_its_cluster_and_a_twin_on_its_twin(fitted):
    vectors, of, points, _ = fitted
    random = np.random.default_rng(5)
    fresh = vectors[[0, 20, 40]] + 0.02 * random.normal(size=(3, 384)).astype(np.float32)
    fresh = (fresh / np.linalg.norm(fresh, axis=1, keepdims=True)).astype(np.float32)
    placed, beside = place(fresh, vectors, points)
    assert of[beside].tolist() == [0, 1, 2]
    for row, cluster in zip(placed, range(3), strict=True):
        nearest = np.linalg.norm(points - row, axis=1).argmin()
        assert of[nearest] == cluster
    twins, rows = place(vectors[:7], vectors, points)
    assert rows.tolist() == list(range(7))
    assert np.allclose(twins, points[:7], atol=1e-2)


@pytest.mark.slow
def test_more_than_umap_takes_are_sampled_and_the_rest_is_placed(monkeypatch):
    monkeypatch.setattr("models.vectors.projection.MOST", 45)
    vectors, of = clusters()
    points = project(vectors)
    assert np.isfinite(points).all()
    assert apart(points, of) > 2


@pytest.mark.parametrize("n", [0, 1, 2, 3, FEWEST])
def test_pca_takes_any_number_and_keeps_the_sign(n):
    vectors = clusters((n,))[0] if n else np.empty((0, 384), dtype=np.float32)
    points = flat(vectors)
    assert points.shape == (n, 2) and np.isfinite(points).all()
    assert np.array_equal(points, flat(vectors.copy()))


def test_pca_keeps_clusters_apart():
    vectors, of = clusters()
    assert apart(flat(vectors), of) > 1


def test_placing_in_blocks_changes_nothing(monkeypatch):
    vectors, _ = clusters()
    points = flat(vectors)
    fresh = clusters(seed=3)[0]
    whole, _ = place(fresh, vectors, points)
    monkeypatch.setattr("models.vectors.projection._BLOCK", 7)
    assert np.allclose(place(fresh, vectors, points)[0], whole, atol=1e-5)
    alone, beside = place(fresh, vectors[:1], points[:1])
    assert np.allclose(alone, points[0]) and set(beside.tolist()) == {0}


def test_trust_is_low_for_a_shuffled_map_and_unknown_for_a_few_points():
    vectors, _ = clusters()
    points = flat(vectors)
    assert (
        trustworthiness(vectors, points) > trustworthiness(vectors, np.random.default_rng(0).permutation(points)) + 0.2
    )
    assert np.isnan(trustworthiness(vectors[:3], points[:3]))


def test_families_are_counted_from_the_largest_and_a_few_points_have_none():
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(size=(n, 2)) * 0.1 + at for n, at in ((8, 0), (30, 10), (15, 20))])
    found = families(points.astype(np.float32))
    assert [int((found == label).sum()) for label in range(3)] == [30, 15, 8]
    assert set(families(points[:5].astype(np.float32)).tolist()) == {NONE}


def test_a_family_is_named_by_its_own_words_without_placeholders():
    texts = ["disk full on <*> failed"] * 3 + ["token expired for <*> failed"] * 3 + ["<*> <*>"] * 2 + ["lone"]
    found = names(texts, np.array([0, 0, 0, 1, 1, 1, 2, 2, NONE], dtype=np.int32))
    assert found[0].startswith("disk full") and found[1].startswith("expired token")
    assert found[2] == "no words"
    assert "*" not in "".join(found.values())


def test_two_families_never_share_a_name():
    found = names(["disk full"] * 4, np.array([0, 0, 1, 1], dtype=np.int32))
    assert len(set(found.values())) == 2
