"""The error corpus keeps its rules: enough of everything, known words, no doubles, slots that fill."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from app.settings import SAMPLE_DATA
from models.corpus import (
    GENERATORS,
    SLOT_LABELS,
    CorpusError,
    Template,
    read_corpus,
    read_template,
    render,
    render_marked,
)
from models.taxonomy import CATEGORIES, ENTITIES, SEVERITIES
from models.text.normalise import normalise

TEMPLATES = read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))
GOOD = '{"id": "a", "technology": "x", "text": "t {host}", "severity": "high", "category": "network", "actions": ["fail_over"]}'


def test_every_category_has_enough_templates_of_many_technologies() -> None:
    counts = Counter(template.category for template in TEMPLATES)
    assert set(counts) == set(CATEGORIES)
    assert min(counts.values()) >= 150
    assert len({template.technology for template in TEMPLATES}) >= 60


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_knows_all_severities(category: str) -> None:
    assert {template.severity for template in TEMPLATES if template.category == category} == set(SEVERITIES)


def test_no_two_templates_with_the_same_labels_share_a_signature() -> None:
    seen: dict[tuple[str, str, str], list[Template]] = defaultdict(list)
    for template in TEMPLATES:
        seen[normalise(render(template.text, 0)), template.severity, template.category].append(template)
    assert [[template.id for template in group] for group in seen.values() if len(group) > 1] == []


def test_rendering_is_a_function_of_the_seed() -> None:
    for template in TEMPLATES:
        assert render(template.text, 3) == render(template.text, 3)
    assert any(render(template.text, 3) != render(template.text, 4) for template in TEMPLATES)


@pytest.mark.parametrize(("change", "words"), [
    (('"high"', '"urgent"'), "severity"),
    (('"network"', '"net"'), "category"),
    (('["fail_over"]', '["pray"]'), "actions"),
    (('["fail_over"]', "[]"), "actions"),
    (("{host}", "{hots}"), "unknown slot"),
    (("t {host}", " "), "empty text"),
    (("t {host}", "t {host"), "neither doubled nor of a slot"),
    (("t {host}", "t }"), "neither doubled nor of a slot"),
    (('"id"', '"entities": [["host", "HOST"]], "id"'), "does not stand in the text"),
    (('"id"', '"entities": [["t", "VERB"]], "id"'), "unknown label"),
    (('"id"', '"entities": [["t"]], "id"'), "not a template"),
    (('"id"', '"ID"'), "not a template"),
])
def test_a_broken_template_is_refused_with_its_rule(change: tuple[str, str], words: str) -> None:
    with pytest.raises(CorpusError, match=words):
        read_template(GOOD.replace(*change))


def test_slots() -> None:
    assert render("{{x}} {n:7-7} {w:a|a}", 1) == "{x} 7 a"
    assert read_template(GOOD).actions == ("fail_over",)


def marked(text: str, *entities: tuple[str, str]) -> list[tuple[str, str]]:
    """The words that are marked in a rendering, and their labels."""
    rendered, spans = render_marked(text, entities, seed=5)
    assert rendered == render(text, 5)
    return [(rendered[start:end], label) for start, end, label in spans]


def test_slots_and_literals_are_marked_where_they_stand_in_the_rendered_text() -> None:
    assert marked("no {x:a|a} at {line:7-7} of pool.py in pool.python", ("pool.py", "FILE")) == [("7", "LINE"), ("pool.py", "FILE")]


def test_a_literal_may_hold_slots_and_wins_over_them() -> None:
    assert marked("at {class:Cart|Cart}.kt:{line:3-3} {{x}}", ("{class:Cart|Cart}.kt", "FILE"), ("{{x}}", "VARIABLE")) == [
        ("Cart.kt", "FILE"), ("3", "LINE"), ("{x}", "VARIABLE")]


def test_a_literal_does_not_mark_the_inside_of_a_slot_or_of_a_word() -> None:
    assert marked("{x:app|app} apple", ("app", "SERVICE")) == []


def test_the_host_of_an_address_is_marked() -> None:
    assert [label for _, label in marked("GET {url}")] == ["HOST"]


def test_every_label_is_of_the_vocabulary_and_every_labelled_slot_exists() -> None:
    assert set(SLOT_LABELS) <= set(GENERATORS)
    assert set(SLOT_LABELS.values()) <= set(ENTITIES)


def test_marks_of_the_corpus_are_in_order_apart_and_of_every_label() -> None:
    labels = Counter[str]()
    for template in TEMPLATES:
        rendered, spans = render_marked(template.text, template.entities, 2)
        assert rendered == render(template.text, 2)
        assert all(0 <= start < end <= len(rendered) for start, end, _ in spans)
        assert all(first[1] <= second[0] for first, second in pairwise(spans)), template.id
        labels.update(label for *_, label in spans)
    assert set(labels) == set(ENTITIES)
