"""Which signatures are one problem, and why."""

import pytest

from models.analyse.same_problem import compare, difference
from models.text.parse import parse_text
from models.text.signature import signature

CALLS = ("Cart.save", "Cart.check", "Page.show", "Site.serve", "Main.run")
TRACE = "java.lang.IllegalStateException: no session\n" + "".join(f"\tat com.shop.{call}(Shop.java:1)\n" for call in CALLS)


def kind(text):
    return signature(parse_text(text, now=0.0)[0])


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("could not read rows of the table orders_old", "could not read rows of the table stock_items",
         "same template, other name: orders_old and stock_items"),
        ("failed to load the class com.shop.Cart from its archive", "failed to load the class com.shop.Basket from its archive",
         "same template, other name: com.shop.Cart and com.shop.Basket"),
        (TRACE, TRACE.replace("Page.show", "Page.render"), "same frames but one"),
        (TRACE, TRACE, "the same signature"),
    ],
)
def test_joins_with_a_reason(one, other, reason):
    found = compare(kind(one), kind(other), 0.95)
    assert (found.joins, found.reason) == (True, reason)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("connection to orders-db refused by the server again", "connection to stock-db refused by the server again"),
        ("the call of the gateway failed with ECONNREFUSED just now", "the call of the gateway failed with ETIMEDOUT just now"),
        ("the worker ended with OutOfMemoryError in the night", "the worker ended with StackOverflowError in the night"),
        ("could not read rows of the table because it is damaged", "could not read rows of the table because it is locked"),
        ("table orders_old gone", "table stock_items gone"),  # too few words to be sure
        (TRACE, TRACE.replace("no session", "no cart")),
        (TRACE, TRACE.replace("IllegalState", "IllegalArgument")),
        (TRACE, TRACE.replace("Page.show", "Page.render").replace("Site.serve", "Site.answer")),
        (TRACE, TRACE.replace("Cart.save", "Order.save")),  # where it broke is another place
    ],
)
def test_does_not_join(one, other):
    assert not compare(kind(one), kind(other), 0.95).joins


def test_nothing_joins_below_the_threshold_of_meaning():
    assert not compare(kind("could not read rows of the table a_b"), kind("could not read rows of the table c_d"), 0.5).joins


def test_shares_sum_to_the_score_and_name_the_parts_that_either_has():
    found = compare(kind(TRACE), kind(TRACE.replace("Page.show", "Page.render")), 0.9)
    assert sum(share for _, share in found.shares) == pytest.approx(found.score)
    assert [part for part, _ in found.shares] == ["exception", "message", "frames", "meaning"]
    assert 0.8 < found.score < 1
    assert [part for part, _ in compare(kind("disk full"), kind("disk slow"), 0.9).shares] == ["message", "meaning"]


def test_the_difference_shows_both_sides_of_each_part():
    other = TRACE.replace("Page.show", "Page.render").replace("no session", "no cart")
    assert difference(kind(TRACE), kind(other)) == [
        "@@ exception", "  java.lang.IllegalStateException",
        "@@ message", "- no session", "+ no cart",
        "@@ frames", "  Cart.save", "  Cart.check", "- Page.show", "+ Page.render", "  Site.serve", "  Main.run",
    ]  # fmt: skip
