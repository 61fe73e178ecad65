"""Sentences of developers: marks fit the text, a seed says which, and they vary."""

from models.simulate.developer_questions import questions
from models.taxonomy import ENTITIES


def test_marks_are_apart_within_the_text_and_of_the_taxonomy():
    for text, marks in questions(400, seed=3):
        at = 0
        for start, end, label in marks:
            assert at <= start < end <= len(text)
            assert text[start:end].strip() == text[start:end]
            assert label in ENTITIES
            at = end


def test_a_seed_gives_the_same_sentences_and_another_gives_others():
    assert questions(50, seed=1) == questions(50, seed=1)
    assert questions(50, seed=1) != questions(50, seed=2)
    assert len({text for text, _ in questions(1000, seed=1)}) > 700


def test_the_first_three_labels_and_sentences_without_a_name_are_there():
    found = [mark[2] for _, marks in questions(500, seed=4) for mark in marks]
    assert {"FUNCTION", "FILE", "VARIABLE"} <= set(found)
    assert sum(not marks for _, marks in questions(500, seed=4)) > 50
