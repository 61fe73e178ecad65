"""Which signatures wait to be judged, and that asking stays cheap in a large store."""

import time

import pytest

from models.analyse.anomaly import Strangeness
from models.vectors.hashing import HashingEncoder

ENCODER = HashingEncoder(8).version


def test_only_what_this_version_has_not_judged_waits(store, put):
    put(store, "disk full", "connection refused")
    ids, vectors = store.anomalies.unscored(ENCODER, "v1")
    assert ids.tolist() == [1, 2] and vectors.shape == (2, 8)
    store.anomalies.set_scores("v1", {1: Strangeness({"combined": 0.5}, 0.9)})
    assert store.anomalies.unscored(ENCODER, "v1")[0].tolist() == [2]
    assert store.anomalies.unscored(ENCODER, "v2")[0].tolist() == [1, 2]
    assert store.anomalies.unscored("another", "v1")[0].tolist() == []


@pytest.mark.timed
def test_asking_takes_no_longer_than_the_store_is_large(store, put):
    """Six thousand took 15 seconds, at every batch, while an index on the version seemed a way to one signature's score."""
    letters = "abcdefghijklm"
    words = [f"{first}{second}{third} failed" for first in letters for second in letters for third in letters]
    put(store, *words)
    ids, _ = store.anomalies.unscored(ENCODER, "v1")
    assert len(ids) > 1_500
    store.anomalies.set_scores("v1", {each: Strangeness({"combined": 0.5, "vae": 0.5}, 0.9) for each in ids.tolist()})
    start = time.perf_counter()
    assert len(store.anomalies.unscored(ENCODER, "v1")[0]) == 0
    assert time.perf_counter() - start < 0.2
