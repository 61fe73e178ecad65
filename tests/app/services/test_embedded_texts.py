"""Vectors kept by text: nothing is embedded twice, nothing damaged is trusted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.services.embedded_texts import embedded
from models.vectors.hashing import HashingEncoder


class Counting(HashingEncoder):
    """Remembers what it was asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], progress: object = None) -> NDArray[np.float32]:
        self.seen.extend(texts)
        return super().encode(texts)


@pytest.fixture
def encoder() -> Counting:
    return Counting()


def test_only_new_texts_are_embedded_and_each_once(tmp_path: Path, encoder: Counting) -> None:
    file = tmp_path / "texts.npz"
    first = embedded(["a b", "c d", "a b"], encoder, file)
    assert encoder.seen == ["a b", "c d"]
    again = embedded(["e f", "a b"], encoder, file)
    assert encoder.seen == ["a b", "c d", "e f"]
    assert np.array_equal(again[1], first[0])
    assert np.array_equal(first[0], first[2])


def test_what_is_no_longer_asked_for_is_forgotten(tmp_path: Path, encoder: Counting) -> None:
    file = tmp_path / "texts.npz"
    embedded(["a", "b"], encoder, file)
    embedded(["c"], encoder, file)
    embedded(["a"], encoder, file)
    assert encoder.seen == ["a", "b", "c", "a"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", b"\0" * 100])
def test_a_damaged_file_is_made_anew(tmp_path: Path, encoder: Counting, damage: bytes) -> None:
    file = tmp_path / "texts.npz"
    good = embedded(["a"], encoder, file)
    file.write_bytes(damage)
    assert np.array_equal(embedded(["a"], encoder, file), good)
    assert encoder.seen == ["a", "a"]


def test_nothing_gives_nothing(tmp_path: Path, encoder: Counting) -> None:
    assert embedded([], encoder, tmp_path / "x.npz").shape == (0, encoder.dims)
