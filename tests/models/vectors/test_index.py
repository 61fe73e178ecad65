"""The exact index: what it holds, the order of neighbours, and files that are whole or refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.vectors.index import ExactIndex, IndexUnusable


def rows(n, seed=0, dims=16):
    made = np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def filled(n=50, seed=0):
    index = ExactIndex(16, "e@1")
    index.add(np.arange(100, 100 + n), rows(n, seed))
    return index


def test_an_empty_index_finds_nothing():
    index = ExactIndex(16, "e@1")
    index.add(np.empty(0, dtype=np.int64), np.empty((0, 16), dtype=np.float32))
    index.remove([])
    assert (len(index), index.ids(), index.neighbours(rows(1)[0], 5, -1.0)) == (0, [], [])


@given(st.integers(0, 60), st.floats(-1, 1), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_neighbours_equal_a_full_comparison(top_k, threshold, seed):
    vectors, query = rows(50), rows(1, seed + 1)[0]
    cosine = vectors @ query
    expected = [i for i in np.argsort(-cosine, kind="stable") if cosine[i] >= threshold][:top_k]
    found = filled().neighbours(query, top_k, threshold)
    assert [neighbour.id for neighbour in found] == [100 + i for i in expected]
    assert [neighbour.similarity for neighbour in found] == pytest.approx(
        [float(cosine[i]) for i in expected], abs=1e-6
    )
    assert all(-1 <= neighbour.similarity <= 1 for neighbour in found)


def test_equal_vectors_come_in_order_of_their_ids():
    index = ExactIndex(16, "e@1")
    index.add(np.array([9, 3, 5]), np.repeat(rows(1), 3, axis=0))
    assert [neighbour.id for neighbour in index.neighbours(rows(1)[0], 3, 0.9)] == [3, 5, 9]


def test_what_is_removed_is_found_no_more():
    index = filled()
    index.remove([100, 120, 999])
    assert len(index) == 48
    assert not {100, 120} & set(index.ids())
    assert not {100, 120} & {neighbour.id for neighbour in index.neighbours(rows(50)[0], 50, -1.0)}
    index.add(np.array([100]), rows(1))
    assert index.neighbours(rows(1)[0], 1, 0.99)[0].id == 100


def test_save_then_load_answers_the_same(tmp_path):
    index = filled()
    index.save(tmp_path / "index.faiss", "stamp")
    loaded = ExactIndex.load(tmp_path / "index.faiss", "e@1", "stamp")
    query = rows(1, 7)[0]
    assert loaded.neighbours(query, 9, -1.0) == index.neighbours(query, 9, -1.0)
    loaded.add(np.array([7]), rows(1, 9))
    loaded.remove([100])
    assert 7 in loaded.ids() and 100 not in loaded.ids()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["index.faiss", "index.json"]


@pytest.mark.parametrize(("encoder", "stamp"), [("e@2", "stamp"), ("e@1", "older")])
def test_an_index_of_something_else_is_refused(tmp_path, encoder, stamp):
    filled().save(tmp_path / "index.faiss", "stamp")
    with pytest.raises(IndexUnusable):
        ExactIndex.load(tmp_path / "index.faiss", encoder, stamp)


@pytest.mark.parametrize("place", range(0, 3000, 211))
def test_a_changed_byte_is_noticed(tmp_path, place):
    file = tmp_path / "index.faiss"
    filled().save(file, "stamp")
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    with pytest.raises(IndexUnusable, match="damaged"):
        ExactIndex.load(file, "e@1", "stamp")


@pytest.mark.parametrize("card", ["", "{", "[]", "{}", '{"encoder": "e@1", "stamp": "stamp"}', "null", "\xff"])
def test_a_missing_or_odd_card_is_refused(tmp_path, card):
    filled().save(tmp_path / "index.faiss", "stamp")
    (tmp_path / "index.json").write_text(card, encoding="latin-1")
    with pytest.raises(IndexUnusable):
        ExactIndex.load(tmp_path / "index.faiss", "e@1", "stamp")
    ExactIndex.delete(tmp_path / "index.faiss")
    ExactIndex.delete(tmp_path / "index.faiss")
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_leaves_the_older_file(tmp_path, monkeypatch):
    file = tmp_path / "index.faiss"
    filled().save(file, "stamp")
    monkeypatch.setattr("models.vectors.index.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    with pytest.raises(OSError, match="no"):
        filled(10, 3).save(file, "newer")
    assert len(ExactIndex.load(file, "e@1", "stamp")) == 50
    assert len(list(tmp_path.iterdir())) == 2
