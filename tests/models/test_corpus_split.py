"""Whole families on one side, every category and severity on all, and nothing near on two."""

from collections import Counter

import numpy as np
import pytest

from app.settings import SAMPLE_DATA
from models.corpus import Template, read_corpus
from models.corpus_split import FAMILIES, TEST, VALIDATION, family, signature_text, split

TEMPLATES = read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))


def test_a_technology_is_of_one_family() -> None:
    members = [member for family_members in FAMILIES.values() for member in family_members]
    assert len(members) == len(set(members))
    assert family("pgbouncer") == family("postgresql") == "postgresql"
    assert family("postfix") == "postfix"


@pytest.mark.parametrize("seed", range(3))
def test_families_stay_whole_and_the_test_side_is_large(seed: int) -> None:
    sides = split(TEMPLATES, seed)
    families = [{family(template.technology) for template in side} for side in sides]
    assert not families[0] & families[1] | families[0] & families[2] | families[1] & families[2]
    assert len(sides.test) >= 600
    assert sum(map(len, sides)) >= len(TEMPLATES) * 0.99


@pytest.mark.parametrize("label", ["severity", "category"])
def test_every_label_has_about_its_share_on_every_side(label: str) -> None:
    sides = split(TEMPLATES, 0)
    total = Counter(getattr(template, label) for template in TEMPLATES)
    for side, share in zip(sides, (1 - VALIDATION - TEST, VALIDATION, TEST), strict=True):
        held = Counter(getattr(template, label) for template in side)
        assert all(abs(held[value] / count - share) < 0.04 for value, count in total.items())


def test_the_seed_alone_decides() -> None:
    assert split(TEMPLATES, 1) == split(TEMPLATES, 1)
    assert split(TEMPLATES, 1).test != split(TEMPLATES, 2).test


def test_no_signature_stands_on_two_sides() -> None:
    train, validation, test = ({signature_text(template.text) for template in side} for side in split(TEMPLATES, 0))
    assert not train & validation | train & test | validation & test


def test_what_is_near_to_a_measured_template_does_not_train() -> None:
    templates = [
        Template(str(i), f"t{i}", f"error {chr(97 + i)}", "high", "network", ("fail_over",)) for i in range(20)
    ]
    apart = split(templates, 0, np.eye(20, dtype=np.float32))
    assert sum(map(len, apart)) == 20
    alike = split(templates, 0, np.ones((20, 1), dtype=np.float32))
    assert (alike.train, alike.validation, alike.test) == ([], [], apart.test)
