"""`stacklens` on PostgreSQL, as a terminal runs it: migrate, a copy, retention; no password is ever printed."""

import json

import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app import bootstrap
from app.cli import app
from app.settings import current

LOG = "2020-05-01 10:00:00 ERROR disk 98 % full\n2020-05-01 10:00:01 ERROR connection to orders-db refused\n"


@pytest.fixture
def url(postgres):
    return make_url(postgres.emptied()).set(password="s3cret").render_as_string(hide_password=False)


@pytest.fixture
def run(url, parts, monkeypatch):
    monkeypatch.setenv("STACKLENS_DATABASE_URL", url)
    current.cache_clear()
    monkeypatch.setattr(bootstrap, "_services", None)
    monkeypatch.setattr(bootstrap, "build", lambda *_: parts)

    def run(*words, code=0):
        answer = CliRunner().invoke(app, words)
        assert answer.exit_code == code, answer.output
        assert "s3cret" not in answer.output
        return answer.output

    yield run
    current.cache_clear()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_migrate_and_retention_on_postgresql(run, parts):
    assert json.loads(run("migrate", "--json"))["store"].startswith("postgresql://")
    parts.ingest.text(LOG, actor="ada", name="a.log")
    with parts.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE uploads SET at = 1")
    assert "nothing was changed" in run("purge", "--older-than", "30", code=1)
    assert '"events": 2' in run("purge", "--older-than", "30", "--yes", "--json")


def test_a_sqlite_store_is_copied_and_a_second_copy_is_refused(run, parts, settings, url):
    parts.ingest.text(LOG, actor="ada", name="a.log")
    source = f"sqlite:///{settings.database}"
    copied = json.loads(run("migrate", "--from", source, "--to", url, "--json"))
    assert copied["tables"]["events"]["rows"] == 2
    assert "not empty" in " ".join(run("migrate", "--from", source, "--to", url, code=1).split())
    assert "both" in run("migrate", "--from", source, code=1)
