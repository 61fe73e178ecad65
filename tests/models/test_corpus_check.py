"""No two texts of the sample data that cannot be told apart; `pytest -m model` looks with the encoder too."""

import numpy as np
import pytest
from platformdirs import user_cache_path

from app.services.reading import prepared
from app.settings import SAMPLE_DATA
from models.corpus import CorpusError, Template, read_corpus, render
from models.corpus_check import findings, read_non_errors, too_near
from models.vectors.onnx_runtime import OnnxEncoder
from models.vectors.weights import DEFAULT, resolve

TEMPLATES = read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))
NON_ERRORS = read_non_errors(SAMPLE_DATA / "non_errors.jsonl")


def template(name: str, text: str, severity: str = "high") -> Template:
    return Template(name, "x", text, severity, "network", ("fail_over",))


def test_the_sample_data_holds_no_two_texts_of_one_signature() -> None:
    assert findings(TEMPLATES, NON_ERRORS) == []


def test_there_are_enough_texts_that_are_no_errors() -> None:
    assert len(NON_ERRORS) >= 200


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (template("b", "link {int:3-9} down"), "the same labels"),
        (template("b", "link {int:3-9} down", "low"), "different labels"),
        (template("b", "link down"), None),
    ],
)
def test_equal_signatures_are_found_under_equal_and_different_labels(second: Template, words: str | None) -> None:
    found = findings([template("a", "link {int:1-2} down"), second], {})
    assert found == ([f"a, b: one signature, {words}"] if words else [])


def test_a_text_that_is_no_error_may_not_read_like_an_error() -> None:
    assert findings([template("a", "link {n} down")], {"c": "link 7 down"}) == [
        "a, c: one signature, an error and no error"
    ]
    assert findings([], {"c": "1 up", "d": "2 up"}) == ["c, d: one signature, twice no error"]


def test_near_vectors_count_only_under_the_same_labels() -> None:
    templates = [template("a", "x"), template("b", "y"), template("c", "z", "low")]
    assert too_near(templates, np.eye(1, 4, dtype=np.float32).repeat(3, axis=0)) == [("a", "b", 1.0)]


@pytest.mark.parametrize("line", ["{}", "[]", '{"id": "a", "text": " "}', '{"id": "a", "text": 3}', "no json"])
def test_a_broken_line_is_refused(tmp_path, line: str) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(line)
    with pytest.raises(CorpusError, match=r"texts\.jsonl:1"):
        read_non_errors(file)


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_two_templates_of_the_same_labels_say_the_same() -> None:
    encoder = OnnxEncoder(resolve(DEFAULT), "int8", user_cache_path("stacklens"))
    vectors = encoder.encode([prepared(render(template.text, 0)) for template in TEMPLATES])
    assert too_near(TEMPLATES, vectors) == []
