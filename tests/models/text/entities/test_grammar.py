"""The grammar: what each form is, that spans are sound on any text, and that no text makes it slow."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.taxonomy import ENTITIES
from models.text.entities import entities

CASES = [
    ("cannot read /srv/shop/cart.py:42 now", [("/srv/shop/cart.py", "FILE"), ("42", "LINE")]),
    (r"cannot open C:\src\Cart.cs", [(r"C:\src\Cart.cs", "FILE")]),
    ("see config.yaml and src/app/main.ts", [("config.yaml", "FILE"), ("src/app/main.ts", "FILE")]),
    ("dial tcp 10.0.0.7:5432: connect: ECONNREFUSED", [("10.0.0.7:5432", "HOST"), ("ECONNREFUSED", "ERROR_CODE")]),
    ("GET https://api.example.com/v1/orders failed", [("api.example.com", "HOST")]),
    ("lookup db-1.internal: no such host", [("db-1.internal", "HOST")]),
    ("container exited with code 137", [("137", "ERROR_CODE")]),
    ("upstream answered 503 Service Unavailable", [("503", "ERROR_CODE")]),
    ("[Errno 13] Permission denied", [("13", "ERROR_CODE")]),
    ("SQLSTATE[42S02]: no table", [("SQLSTATE[42S02]", "ERROR_CODE")]),
    ("ORA-00942: table or view does not exist", [("ORA-00942", "ERROR_CODE")]),
    ("java.net.SocketTimeoutException: Read timed out", [("java.net.SocketTimeoutException", "EXCEPTION")]),
    ("Shop::NoStockError (none left)", [("Shop::NoStockError", "EXCEPTION")]),
    (
        "why does get_total() return None when self.items is empty",
        [("get_total()", "FUNCTION"), ("self.items", "VARIABLE")],
    ),
    ("f.s.FoodServiceImpl#302 failed", [("f.s.FoodServiceImpl", "CLASS"), ("302", "LINE")]),
    ("class com.shop.Cart has no field 'total'", [("com.shop.Cart", "CLASS"), ("total", "VARIABLE")]),
    ("DATABASE_URL is not set", [("DATABASE_URL", "VARIABLE")]),
    ("user_id=42 rejected", [("user_id", "VARIABLE")]),
    ("No module named 'yaml'", [("yaml", "LIBRARY")]),
    ("lodash@4.17.21 is vulnerable", [("lodash", "LIBRARY")]),
    ("No instances available for ts-seat-service", [("ts-seat-service", "SERVICE")]),
    ("error on line 17 of the template", [("17", "LINE")]),
    ("ContactsServiceImpl SpanID: 37b1a1514d403000 [getAllFood][Get the food]", [("getAllFood", "FUNCTION")]),
    ("the request failed after three attempts, the disk is full.", []),
    ("2026-03-04 16:42:22.418 fd00:1::7 00:1a:2b:3c:4d:5e", [("fd00:1::7", "HOST")]),
    ("", []),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_what_a_form_says(text, wanted):
    assert [(text[item.start : item.end], item.label) for item in entities(text)] == wanted


@given(st.text(alphabet=st.sampled_from("at File\"():.,/\\#$=_-<>[]'{}\n\t 0x1aZé\u2028java.go"), max_size=300))
@settings(max_examples=150, deadline=None)
def test_spans_are_in_order_apart_and_within_any_text(text):
    at = 0
    for start, end, label in entities(text):
        assert at <= start < end <= len(text)
        assert label in ENTITIES
        at = end


@pytest.mark.parametrize(
    "piece",
    [
        "at ",
        "at a.b.",
        "a.",
        "a::",
        "/a",
        'File "',
        "(",
        "[",
        "a_b",
        "'",
        "1:",
        "#1 0x1 in ",
        "at a (",
        ":in `",
        "a/b.",
        "1.1.1.",
        "Error",
        "panicked at '",
        "main.(*",
        "-a",
        "line ",
        "@",
        "\\",
        "a=",
        "<",
        "a$",
        "\n",
        "x\n\t/",
    ],
)
def test_no_text_makes_it_slow(piece):
    text = piece * (60_000 // len(piece))
    begun = time.process_time()
    entities(text)
    assert time.process_time() - begun < 3
