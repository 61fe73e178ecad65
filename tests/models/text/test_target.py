"""Targets of the ten actions: named from the error itself, in sentences that read well with much, little or nothing known."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records import Frame
from models.taxonomy import ACTION_WORDS, ACTIONS
from models.text.target import Target, sentence, target

CART = Frame("save", "/srv/shop/cart.js", 42)
NODE = Frame("processTicksAndRejections", "node:internal/process/task_queues", 95)


def said(action, raw, *, service="", host="", frames=()):
    return sentence(action, target(action, raw, service, host, frames))


CASES = [
    # what is full, percentages before words
    ("free_resources", "disk 98 % full on orders-db", "orders-db", (), "Free resources on orders-db: disk 98 %"),
    (
        "free_resources",
        "No space left on device: disk /var/lib/postgresql at 98 %",
        "orders",
        (),
        "Free resources on orders: disk /var/lib/postgresql at 98 %",
    ),
    (
        "free_resources",
        "write failed: No space left on device",
        "orders",
        (),
        "Free resources on orders: No space left on device",
    ),
    ("free_resources", "java.lang.OutOfMemoryError: Java heap space", "", (), "Free resources: Java heap space"),
    (
        "scale_out",
        "FATAL: sorry, too many clients already",
        "orders-db",
        (),
        "Scale out orders-db: too many clients already",
    ),
    ("scale_out", "HikariPool-1: connection pool exhausted", "", (), "Scale out: connection pool exhausted"),
    ("raise_limit", "statement timed out after 30 s", "orders", (), "Raise the limit of orders: timed out after 30 s"),
    ("raise_limit", "request body exceeds limit of 1048576 bytes", "", (), "Raise the limit: limit of 1048576"),
    # settings
    ("fix_configuration", "ORDERS_DB_URL is not set", "orders", (), "Fix the configuration: ORDERS_DB_URL"),
    (
        "fix_configuration",
        "ModuleNotFoundError: No module named 'psycopg2'",
        "orders",
        (),
        "Fix the configuration: missing module psycopg2",
    ),
    (
        "fix_configuration",
        "Error: Cannot find module '@shop/cart'",
        "",
        (),
        "Fix the configuration: missing module @shop/cart",
    ),
    ("fix_configuration", "cannot parse /etc/shop/app.yaml", "orders", (), "Fix the configuration: /etc/shop/app.yaml"),
    ("fix_configuration", "net::ERR_CONNECTION_REFUSED", "orders", (), "Fix the configuration of orders"),
    ("fix_configuration", "environment variable is missing", "orders", (), "Fix the configuration of orders"),
    # who is locked out
    (
        "renew_credentials",
        'password authentication failed for user "svc_orders"',
        "orders",
        (),
        "Renew credentials of svc_orders",
    ),
    (
        "renew_credentials",
        "x509: certificate has expired",
        "gateway",
        (),
        "Renew credentials of gateway: certificate has expired",
    ),
    ("renew_credentials", "the user is not known; token expired", "", (), "Renew credentials: token expired"),
    # code
    ("patch_code", "TypeError: x is undefined", "cart", (NODE, CART), "Patch the code at cart.js:42 in save"),
    (
        "patch_code",
        "TypeError: x is undefined",
        "cart",
        (Frame("", "/srv/cart.js", 42),),
        "Patch the code at cart.js:42",
    ),
    ("patch_code", "boom", "", (Frame("save", module="com.shop.Cart"),), "Patch the code at com.shop.Cart in save"),
    ("patch_code", "boom", "", (Frame("save"),), "Patch the code at save"),
    ("patch_code", "boom", "cart", (), "Patch the code of cart"),
    # input
    ("correct_input", "invalid value for field 'amount'", "orders", (), "Correct the input: amount"),
    ("correct_input", "the field is required: field: zip_code", "", (), "Correct the input: zip_code"),
    ("correct_input", "CSV: wrong number of values in line 17", "", (), "Correct the input: line 17"),
    ("correct_input", "unexpected end of JSON", "orders", (), "Correct the input of orders"),
    # releases
    (
        "rollback_release",
        "since release 2.14.0 every call fails",
        "orders",
        (),
        "Roll back the release of orders: 2.14.0",
    ),
    ("rollback_release", "build 3.1 crashes", "", (), "Roll back the release: 3.1"),
    # hosts
    ("fail_over", "connection to orders-db:5432 refused", "orders", (), "Fail over from orders-db:5432"),
    ("fail_over", "dial tcp 10.0.3.7:6379: i/o timeout", "orders", (), "Fail over from 10.0.3.7:6379"),
    ("fail_over", "cannot reach https://pay.shop.internal/v1", "orders", (), "Fail over from pay.shop.internal"),
    ("fail_over", "amqp://svc:secret@rabbit:5672 closed", "orders", (), "Fail over from rabbit:5672"),
    ("fail_over", "no answer from db.shop.internal", "", (), "Fail over from db.shop.internal"),
    ("fail_over", "primary is gone", "orders-db", (), "Fail over orders-db"),
    ("restart_service", "process is stuck", "orders", (), "Restart the service: orders"),
    ("restart_service", "process is stuck", "", (), "Restart the service"),
]


@pytest.mark.parametrize(("action", "raw", "service", "frames", "expected"), CASES)
def test_the_sentence_names_what_to_act_on(action, raw, service, frames, expected):
    assert said(action, raw, service=service, frames=frames) == expected


def test_the_cases_cover_every_action():
    assert {case[0] for case in CASES} == set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "raw",
    [
        "TypeError: x is undefined\n    at save (cart.js:42:7)",
        "at cart.js:42",
        "error in app.py:17",
        "from cart-page.tsx:9",
        "Error: boom\n\tat com.shop.Cart.save(Cart.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:833)",
        'File "/srv/app/cart-2.py", line 3, in save',
        "see app.config.yaml:12",
    ],
)
def test_a_source_file_is_never_a_host(action, raw):
    aim = target(action, raw, "", "", ())
    if action != "fix_configuration":  # there, the file is the thing to fix
        assert not any(name in aim.name for name in ("cart", "app", "Cart", "java"))


@pytest.mark.parametrize("action", ACTIONS)
def test_every_sentence_reads_well_with_little_known(action):
    words = ACTION_WORDS[action]
    assert said(action, "it broke") == words
    with_service = said(action, "it broke", service="orders")
    assert with_service.startswith(words) and with_service.endswith("orders")
    for aim in (Target(), Target("x", own=True), Target("x", "why"), Target("x", "why", own=True), Target("", "why")):
        line = sentence(action, aim)
        assert (
            line == line.strip()
            and "  " not in line
            and line.count(": ") <= 1
            and not line.endswith((":", " in", " of"))
        )


def test_the_host_of_the_event_serves_where_nothing_else_is_known():
    assert said("restart_service", "stuck", host="web-1") == "Restart the service: web-1"
    assert said("patch_code", "stuck", host="web-1") == "Patch the code"


@given(st.sampled_from(ACTIONS), st.text(max_size=400), st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_raise_and_names_stay_short(action, raw, service):
    aim = target(action, raw, service, "", ())
    assert len(aim.name) <= 80 and len(aim.evidence) <= 80


@pytest.mark.parametrize(
    "piece", ["a.", "a-", "disk ", "to ", "user ", "key=", "://", "timeout 1", "A_A", "'a", "1.", "release "]
)
@pytest.mark.timed
def test_hostile_texts_take_no_longer(piece):
    start = time.perf_counter()
    for action in ACTIONS:
        target(action, piece * (1_000_000 // len(piece)), "", "", ())
    assert time.perf_counter() - start < 2.0
