"""Signatures: pure, equal in every process, deaf to what moves between releases, awake to what tells errors apart."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records import Event, Frame, Trace
from models.text.signature import ENCODED, VERSION, encoder_text, signature


def plain(message, **more):
    return Event(raw=message, message=message, format="plain", **more)


def traced(*frames, kind="ValueError", message="bad amount 17", causes=()):
    return Event(raw="…", message="", format="plain", trace=Trace("python", kind, message, tuple(frames), causes))


SAVE, MAIN = Frame("save", "/srv/app/cart.py", 42), Frame("main", "/srv/app/main.py", 7)


def test_events_of_one_kind_share_a_signature():
    assert signature(plain("took 12 ms")) == signature(plain("took 980 ms", level="error", service="orders", time=1.0))
    assert signature(plain("took 12 ms")).key != signature(plain("gave 12 ms")).key


def test_line_numbers_do_not_matter():
    assert signature(traced(SAVE, MAIN)) == signature(traced(replace(SAVE, line=43), replace(MAIN, line=0)))


def test_folders_do_not_matter():
    assert signature(traced(SAVE, MAIN)) == signature(traced(replace(SAVE, file="/opt/other/cart.py"), MAIN))


@pytest.mark.parametrize(
    "other",
    [
        traced(MAIN, SAVE),
        traced(SAVE),
        traced(SAVE, MAIN, kind="KeyError"),
        traced(SAVE, MAIN, message="bad currency 17"),
        traced(SAVE, MAIN, causes=("OSError",)),
        plain("ValueError: bad amount 17"),
    ],
)
def test_what_tells_errors_apart_counts(other):
    assert signature(traced(SAVE, MAIN)).key != signature(other).key


def test_calls_of_the_platform_do_not_matter_beside_the_programs_own():
    library = Frame("execute", "/usr/lib/python3.11/site-packages/sqlalchemy/engine.py", 9)
    assert signature(traced(library, SAVE)) == signature(traced(SAVE))
    assert dict(signature(traced(library)).parts)["frames"] == "engine.py.execute"


def test_generated_names_do_not_matter():
    one = Frame("lambda$save$3", module="com.shop.Cart$$Enhancer$$1a2b")
    other = Frame("lambda$save$8", module="com.shop.Cart$$X$$9")
    assert signature(traced(one)) == signature(traced(other))


def test_no_text_is_still_a_signature():
    assert signature(Event(raw="", message="", format="plain")).text == "<*>"
    assert encoder_text(signature(Event(raw="", message="", format="plain"))) == "<*>"


def test_equal_in_another_process():
    code = (
        "from models.records import Event; from models.text.signature import signature; "
        "print(signature(Event(raw='x', message='disk 9 full on é', format='plain')).key)"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout.strip()
        for seed in ("0", "7")
    }
    assert keys == {signature(plain("disk 3 full on é")).key}


def test_the_version_names_normaliser_and_signature():
    assert signature(plain("x")).version == VERSION
    assert VERSION.count("/") == 1


FRAMES = st.builds(Frame, st.text(max_size=30), st.text(max_size=30), st.integers(0, 10**9), st.text(max_size=30))
EVENTS = st.builds(
    Event,
    raw=st.text(max_size=200),
    message=st.text(max_size=200),
    format=st.just("plain"),
    trace=st.none()
    | st.builds(
        Trace,
        st.just("java"),
        st.text(max_size=30),
        st.text(max_size=80),
        st.lists(FRAMES, max_size=8).map(tuple),
        st.lists(st.text(max_size=20), max_size=8).map(tuple),
    ),
)


@given(EVENTS)
@settings(max_examples=200, deadline=None)
def test_every_event_has_a_signature_and_a_text_for_the_encoder(event):
    kind = signature(event)
    assert kind == signature(event)
    assert len(kind.key) == 32 and kind.text
    assert 0 < len(encoder_text(kind)) <= ENCODED
