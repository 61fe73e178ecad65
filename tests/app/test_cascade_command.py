"""`stacklens cascade`: a sequence by argument or standard input, the store's own errors without, and JSON of the same."""

import json

import pytest
from typer.testing import CliRunner

from app import bootstrap
from app.cli import app
from app.services.cascade import CascadeService
from tests.cascade_fakes import RuleReader


@pytest.fixture
def run(parts, monkeypatch):
    object.__setattr__(parts, "cascade", CascadeService(parts.store, parts.analysis, parts.encoder.dims, RuleReader))
    monkeypatch.setattr(bootstrap, "_services", parts)
    return lambda *options, text="": CliRunner().invoke(app, ["cascade", *options], input=text)


def test_a_sequence_from_standard_input_is_forecast(run, parts):
    done = run("-", "--json", text=parts.cascade.example())
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["sentence"].startswith("orders is failing already. orders is expected to fail in about 10 min")
    assert len(answer["steps"]) == 4
    assert answer["next_errors"][0]["title"].startswith("orders crashed")


def test_what_was_assumed_is_said(run):
    done = run("connection refused\ndatabase timeout")
    assert done.exit_code == 0, done.output
    assert "60 s apart" in done.stdout


def test_an_empty_store_has_words_and_an_exit_code(run):
    done = run()
    assert done.exit_code != 0
    assert "no error is stored" in done.output
