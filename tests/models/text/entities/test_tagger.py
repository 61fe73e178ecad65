"""The trained half: learns what it is shown, reads the same after saving and loading, and the merge keeps its rules."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from models.text.entities import Entity, entities
from models.text.entities.merge import Merge, merged
from models.text.entities.tagger import Example, Tagger, words

TEXTS = ["the flush method hangs", "call the apply method", "the method of total is wrong", "nothing is named here"]
ROWS = [
    Example(TEXTS[0], ((4, 9, "FUNCTION"),)),
    Example(TEXTS[1], ((9, 14, "FUNCTION"),)),
    Example(TEXTS[2], ((14, 19, "VARIABLE"),)),
    Example(TEXTS[3], ()),
]


@pytest.fixture(scope="module")
def tagger():
    made = Tagger(["FUNCTION", "VARIABLE"], entities, seed=0)
    made.fit(ROWS, epochs=60, seed=0)
    return made


def test_it_learns_the_rows_it_is_shown(tagger):
    assert [[tuple(item) for item in found] for found in tagger.tag_all(TEXTS)] == [list(row.entities) for row in ROWS]


def test_a_text_reads_the_same_alone_and_among_others(tagger):
    assert [tagger.tag(text) for text in TEXTS] == tagger.tag_all(TEXTS)
    assert tagger.tag("") == [] == tagger.tag(" \n ")


def test_save_then_load_reads_the_same_and_holds_arrays_alone(tagger, tmp_path):
    tagger.save(tmp_path, {"name": "ner"})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["card.json", "model.safetensors"]
    assert all(array.dtype == np.float16 for array in load_file(tmp_path / "model.safetensors").values())
    assert Tagger.load(tmp_path, entities).tag_all(TEXTS) == tagger.tag_all(TEXTS)


def test_words_keep_names_whole_and_marks_apart():
    text = '("cart.py"), self.items is run() now.'
    assert [text[start:end] for start, end in words(text)] == [
        "(",
        '"',
        "cart.py",
        '"',
        ")",
        ",",
        "self.items",
        "is",
        "run()",
        "now",
        ".",
    ]


def test_the_grammar_goes_first_or_fills_or_is_dropped():
    grammar, model = [Entity(0, 3, "FILE")], [Entity(2, 5, "VARIABLE")]
    assert Merge("first").of(grammar, model) == grammar
    assert Merge("fill").of(grammar, model) == model
    assert Merge("drop").of(grammar, []) == []
    assert Merge("first", without=frozenset(("VARIABLE",))).of([], model) == []


def test_in_a_line_of_a_log_the_model_adds_no_variable():
    model = [Entity(0, 5, "VARIABLE")]
    assert merged("total is wrong", [], model) == model
    assert merged("total ERROR is wrong", [], model) == []
