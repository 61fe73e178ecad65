"""Three processes on one store, each ingesting, clicking and promoting at once: nothing is lost, nothing is stored twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.bootstrap import build
from app.settings import Settings
from models.vectors.hashing import HashingEncoder

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 4
WORK = """
import sys, time
from pathlib import Path
from app.bootstrap import build
from app.domain import Entry
from app.settings import Settings
from app.storage.issues import IssueFilter
from app.storage.versions import Version
from models.vectors.hashing import HashingEncoder

folder, cache, url, who, rounds = sys.argv[1:]
settings = Settings(data_dir=Path(folder), cache_dir=Path(cache), database_url=url, sample=False)
parts = build(settings, encoder=HashingEncoder())
log = parts.store.log
for n in range(int(rounds)):
    shared = "".join(f"2026-05-01 10:{n:02d}:{s:02d} ERROR connection to orders-db refused\\n" for s in range(5))
    parts.ingest.text(shared, actor=who, name=f"shared-{n}.log")
    parts.ingest.text(f"2026-05-01 11:{n:02d}:00 ERROR disk of {who} failed in the hall named {who}\\n", actor=who, name="own.log")
    issue = parts.store.issues.page(IssueFilter(text="orders-db"), time.time())[0][0]
    log.append(Entry(key=f"{who}-{n}", at=time.time(), actor=who, kind="comment", issue_id=issue.id, answer={"text": str(n)}))
    log.append(Entry(key=f"same-{n}", at=time.time(), actor=who, kind="comment", issue_id=issue.id, answer={"text": "same"}))
    name = f"{who}-{n}"
    version = parts.store.versions.add(Version("reader", name, "candidate", 1.0, 1.0, "code", 1, {}, {}, "0", ""))
    said = {"name": "reader", "version": name, "before": "", "reason": "test"}
    entry = Entry(key=f"promote-{name}", at=time.time(), actor=who, kind="promote_model", answer=said)
    parts.store.versions.switch(version, entry)
print("done")
parts.close()
"""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_clicks_ingest_and_promotion_in_three_processes(settings: Settings, tmp_path: Path) -> None:
    parts = build(settings, encoder=HashingEncoder())
    names = ("ada", "bob", "eve")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(tmp_path / who), str(settings.cache_dir), settings.database_url, who, str(ROUNDS)],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for who in names
    ]  # fmt: skip
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ended

    with parts.store.database.read() as connection:
        kinds = connection.exec_driver_sql("SELECT i.title, i.count, count(*) FROM issues i JOIN signatures s ON "
                                           "s.issue_id = i.id GROUP BY i.id, i.title, i.count ORDER BY i.title").all()  # fmt: skip
        events = connection.exec_driver_sql("SELECT count(*), count(DISTINCT identity) FROM events").one()
    assert tuple(events) == (5 * ROUNDS + 3 * ROUNDS, 5 * ROUNDS + 3 * ROUNDS)  # the shared lines are stored once
    assert sum(row[1] for row in kinds) == 8 * ROUNDS
    assert len(kinds) == 4
    entries = parts.store.log.entries()
    assert {row.key for row in entries if row.kind == "comment"} == {
        f"{who}-{n}" for who in (*names, "same") for n in range(ROUNDS)
    }
    assert sorted(row.key for row in entries if row.kind == "promote_model") == sorted(
        f"promote-{who}-{n}" for who in names for n in range(ROUNDS)
    )
    versions = parts.store.versions.all("reader")
    last = [row for row in entries if row.kind == "promote_model"][-1]
    assert [one.version for one in versions if one.state == "current"] == [last.answer["version"]]
    assert len([one for one in versions if one.state == "retired"]) >= 3 * ROUNDS - 1
    assert parts.store.log.rebuild() == 0
    uploads = parts.store.uploads.newest(1_000)
    assert len(uploads) == 6 * ROUNDS
    assert sum(one.events for one in uploads) == 8 * ROUNDS
    assert {one.state for one in uploads} == {"done"}
    parts.close()
