"""Marked text: names on their colour with a sign, and nothing of a stranger's text read as markup."""

import re

from streamlit.testing.v1 import AppTest

from components.entities import LOOKS, chips, marked
from models.taxonomy import ENTITIES
from models.text.entities import Entity, entities

HOSTILE = (
    "<script>alert(1)</script> in [x](javascript:alert(1)).py ![i](http://a.b/c) :red[y] $x$ `code` **b** | # "
    ":smile: cart](x).py"
)


def test_every_label_has_a_sign_of_its_own():
    assert set(LOOKS) == set(ENTITIES)
    assert len({sign for _, sign in LOOKS.values()}) == len(LOOKS)


def test_a_name_is_marked_by_colour_and_sign():
    text = "see cart.py now"
    assert marked(text, [Entity(4, 11, "FILE")]) == "see :green-background[▤\u202fcart\\.py] now"


def test_a_colon_before_a_name_does_not_spoil_its_mark():
    assert marked("cart.py:695", [Entity(8, 11, "LINE")]).startswith("cart\\.py:\u2060:")


def test_hostile_text_stays_text():
    text = HOSTILE + "\n" + HOSTILE
    drawn = marked(text, [Entity(29, 60, "FILE"), *[e for e in entities(text) if e.start > 60]])
    bare = re.sub(r"\\.", "", drawn)  # what a backslash makes plain
    bare = re.sub(r":\w+-background\[[^\]]*\]", "", bare)  # our own marks
    assert "alert" in bare
    assert re.search(r"[<>*\[\]()$`|!#]|:(?=\w)", bare) is None


def test_a_long_text_ends_in_dots():
    assert marked("x " * 5_000, [Entity(0, 1, "VARIABLE")]).endswith("…")


def test_chips_are_each_once_and_no_lines():
    text = "a.py:3 and b/a.py:4"
    assert chips(text, [Entity(0, 4, "FILE"), Entity(5, 6, "LINE"), Entity(11, 17, "FILE")]) == [("FILE", "a.py")]


def _page() -> None:
    import streamlit as st

    from components.entities import filter_note, in_url

    st.text(repr(in_url()))
    filter_note()


def test_the_address_narrows_the_list_and_the_way_back_clears_it():
    app = AppTest.from_function(_page)
    app.query_params["entity"] = "FILE:pool.py"
    app.run()
    assert app.text[0].value == "(('FILE', 'pool.py'),)"
    app.button(key="entity_clear").click().run()
    assert app.text[0].value == "()"
    app.query_params["entity"] = "NOTHING:<b>"
    assert app.run().text[0].value == "()"
