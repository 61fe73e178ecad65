"""What `stacklens serve` is told on the command line is what the whole process goes by."""

import pytest
from typer.testing import CliRunner

from app import cli
from app.settings import Settings, current


@pytest.fixture(autouse=True)
def _read_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STACKLENS_HOST", "127.0.0.1")
    monkeypatch.setenv("STACKLENS_PORT", "8501")
    current.cache_clear()
    yield
    current.cache_clear()


def test_links_and_instructions_name_the_port_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(cli, "_serve", served.append)
    result = CliRunner().invoke(cli.app, ["serve", "--host", "::1", "--port", "9123"])
    assert result.exit_code == 0, result.output
    assert served[0].address == current().address == "http://[::1]:9123"
