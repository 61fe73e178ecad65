"""The program's own log: one line a record in either form, the newest kept, nothing without end."""

import json
import logging

import pytest

from app import logs


def record(text, level=logging.WARNING, **extra):
    made = logging.LogRecord("app.services.ingest", level, "x.py", 1, text, (), None)
    vars(made).update(extra)
    return made


def test_json_is_an_object_a_line_whatever_the_text_holds():
    token = logs.request_id.set("r1")
    found = json.loads(logs.JsonLines().format(record('two\nlines and "quotes"', fields={"status": 503})))
    logs.request_id.reset(token)
    assert (found["level"], found["logger"], found["message"]) == ("warning", "app.services.ingest", 'two\nlines and "quotes"')
    assert (found["request"], found["status"]) == ("r1", 503)
    assert found["time"].endswith("Z") and len(found["time"]) == len("2026-01-01T00:00:00.000Z")


def test_the_newest_are_kept_the_newest_first_and_bounded():
    kept = logs.Newest()
    for number in range(logs.KEPT + 5):
        kept.handle(record(f"failure {number}"))
    kept.handle(record("x" * 1_000_000))
    lines = kept.lines()
    assert len(lines) == logs.KEPT and lines[1].text == f"failure {logs.KEPT + 4}"
    assert len(lines[0].text) < 2_100


def test_what_is_less_than_a_warning_is_not_kept():
    logger, kept = logging.Logger("x"), logs.Newest()
    logger.addHandler(kept)
    logger.info("started")
    logger.error("failed")
    assert [line.text for line in kept.lines()] == ["failed"]


@pytest.mark.parametrize(("style", "first"), [("text", "20"), ("json", "{")])
def test_a_process_writes_one_form_to_stderr(style, first, capsys):
    before = {name: (logging.getLogger(name).handlers[:], logging.getLogger(name).level) for name in ("", "stacklens", "app")}
    try:
        logs.set_up(style, "info")
        logging.getLogger("stacklens.requests").info("answered", extra={"fields": {"status": 200}})
        logging.getLogger("somebody.else").info("chatter")
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(first) and "answered" in line and "200" in line
    finally:
        for name, (handlers, level) in before.items():
            logging.getLogger(name).handlers[:] = handlers
            logging.getLogger(name).setLevel(level)


def test_of_an_exception_the_kind_and_the_way_are_written_never_its_words():
    def parse(text):
        raise ValueError(f"cannot read {text}")

    kept = logs.Newest()
    logger = logging.Logger("x")
    logger.addHandler(kept)
    try:
        try:
            parse("password=hunter2hunter2")
        except ValueError as error:
            raise OSError(28, "No space left on device") from error
    except OSError:
        logger.exception("storing failed")
    (line,) = kept.lines()
    assert line.text.startswith("storing failed: OSError (No space left on device) from ValueError test_logs.py:")
    assert "hunter2" not in line.text


def test_a_secret_in_a_message_is_taken_out():
    kept = logs.Newest()
    kept.handle(record("refused: password=hunter2hunter2"))
    assert "hunter2" not in kept.lines()[0].text
