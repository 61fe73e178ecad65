"""A full disk, a store that may not be written, a damaged file: one sentence at every door, nothing acknowledged is lost, and
the next start works."""

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app import bootstrap
from app.api.application import build_api
from app.bootstrap import build, services
from app.domain import StoreUnavailable
from app.storage.store import Store
from models.vectors.hashing import HashingEncoder

ROOT = Path(__file__).resolve().parents[2]
LOG = "2026-05-01 10:00:00 ERROR connection to orders-db refused"
NEXT = "2026-05-01 10:00:05 ERROR disk 98 % full"
#: A process whose files may not grow beyond the bytes given; it prints the id of each statement once it is stored.
WRITER = """
import resource, sys
from pathlib import Path
from app.domain import Entry, StackLensError
from app.storage.store import Store

store = Store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
for number in range(10_000):
    try:
        store.log.append(Entry(key=str(number), at=1.0, actor="ada", kind="comment", issue_id=1, answer={"text": "x" * 900}))
    except StackLensError as error:
        print("refused", error)
        break
    print(number)
"""


@pytest.fixture
def client(parts):
    api = build_api(parts.settings)
    api.dependency_overrides[services] = lambda: parts
    return TestClient(api, raise_server_exceptions=False)


@pytest.mark.parametrize(("pragma", "says"), [("query_only=ON", "cannot be written"), ("max_page_count=1", "disk is full")])
def test_a_store_that_cannot_grow_answers_503_keeps_what_it_has_and_goes_on(client, parts, ailing, pragma, says):
    assert client.post("/api/v1/events", json={"text": LOG}).status_code == 201
    kept = client.get("/api/v1/issues").json()
    ailing(pragma)
    answer = client.post("/api/v1/events", json={"text": NEXT * 2_000})
    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert answer.json()["error"]["code"] == "store_unavailable" and says in answer.json()["error"]["message"]
    assert client.get("/api/v1/issues").json() == kept


def test_it_goes_on_when_there_is_room_again(client, parts, ailing):
    ailing("max_page_count=1")
    assert client.post("/api/v1/events", json={"text": NEXT * 2_000}).status_code == 503
    ailing("max_page_count=100000000")
    assert client.post("/api/v1/events", json={"text": LOG}).status_code == 201
    assert client.get("/api/v1/issues").json()["total"] == 1


def test_a_disk_that_fills_up_in_the_middle_loses_nothing_that_was_acknowledged(settings):
    parts, file = build(settings, encoder=HashingEncoder()), settings.database
    parts.ingest.text(LOG, actor="ada")
    parts.close()
    room = file.stat().st_size + 200_000
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(file), str(room)], cwd=ROOT, text=True, capture_output=True, timeout=120, check=False
    )
    *acknowledged, last = done.stdout.splitlines()
    assert last.startswith("refused the store") and "look at the disk" in last, done.stderr
    assert len(acknowledged) > 5
    store = Store(file)
    assert store.check() == ""
    assert {row.key for row in store.log.of_issue(1)} >= set(acknowledged)
    store.close()


@pytest.mark.parametrize(("at", "says"), [(0, "is no database"), (4096, "is damaged")])
def test_a_damaged_file_is_said_in_one_sentence_and_never_overwritten(settings, at, says):
    parts = build(settings, encoder=HashingEncoder())
    parts.ingest.text(LOG, actor="ada")
    parts.close()
    content = bytearray(settings.database.read_bytes())
    content[at : at + 4096] = b"\xa5" * 4096
    settings.database.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=says) as caught:
        store = Store(settings.database)
        store.log.rebuild()
    assert "restore a backup" in str(caught.value)
    assert settings.database.read_bytes()[at : at + 4096] == b"\xa5" * 4096


def test_the_command_line_says_it_in_one_line(settings, tmp_path):
    settings.database.parent.mkdir(parents=True, exist_ok=True)
    settings.database.write_bytes(b"not a database " * 1000)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("stacklens")), "doctor"],
        cwd=ROOT, text=True, capture_output=True, timeout=120, check=False,
        env={"STACKLENS_DATA_DIR": str(settings.data_dir), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "is no database: restore a backup" in " ".join(done.stderr.split())


def test_a_page_says_it_and_shows_no_traceback(parts, monkeypatch):
    monkeypatch.setattr(bootstrap, "_services", parts)

    def broken(*_args, **_kwargs):
        raise StoreUnavailable("the store cannot be read")

    monkeypatch.setattr(parts.inbox, "page", broken)
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).run()
    assert not app.exception and "the store cannot be read" in app.error[0].value
