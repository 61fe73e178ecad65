"""One answer through every door: page service, REST, command line, batch here and on Ray, stream; field by field.

Errors of our own, and the real ones where the data sets lie beside the repository. The doors are the program's own commands, each a
process with a store of its own, beside the service in this one.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.api.application import build_api
from app.bootstrap import build, services
from app.services import answers
from app.settings import Settings
from models.corpus import read_corpus, render
from models.text.parse import parse_text

pytestmark = [pytest.mark.model, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "labelled" / "real_errors.jsonl"
NATS = "nats://127.0.0.1:4222"


def own():
    templates = read_corpus(sorted((ROOT / "sample_data" / "corpus").glob("*.jsonl")))
    return [render(template.text, number) for number, template in enumerate(templates[::40])]


def real():
    if not REAL.is_file():
        pytest.skip("the real errors lie beside the repository, and are not there")
    return [json.loads(line)["text"] for line in REAL.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", params=[own, real], ids=["own", "real"])
def texts(request):
    return request.param()


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    built = build(Settings(data_dir=tmp_path_factory.mktemp("page"), sample=False))
    yield built
    built.close()


@pytest.fixture(scope="module")
def expected(texts, parts):
    """What a page shows of each."""
    return [answered(answers.of_analysis(parts.analysis.analyse(text), parts.settings.not_sure_below)) for text in texts]


def answered(answer):
    """As JSON, without the time that it took."""
    return {name: value for name, value in json.loads(json.dumps(answer)).items() if name != "milliseconds"}


def stacklens(folder, *arguments):
    done = subprocess.run(
        [str(Path(sys.executable).with_name("stacklens")), *arguments], cwd=ROOT, text=True, capture_output=True, timeout=250,
        check=False, env=os.environ | {"PYTHONPATH": str(ROOT), "STACKLENS_DATA_DIR": str(folder), "STACKLENS_SAMPLE": "false"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rest(texts, parts, expected):
    api = build_api(parts.settings)
    api.dependency_overrides[services] = lambda: parts
    client = TestClient(api)
    assert [answered(client.post("/api/v1/analyse", json={"text": text}).json()) for text in texts] == expected


def test_the_command_line(texts, expected, tmp_path):
    for text, answer in list(zip(texts, expected, strict=True))[:2]:
        assert answered(json.loads(stacklens(tmp_path, "analyse", text, "--json"))) == answer


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_batch(texts, expected, tmp_path, engine):
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    stacklens(tmp_path, "batch", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), "--engine", engine)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [{name: value for name, value in row.items() if name not in ("row", "id")} for row in rows] == expected


def test_the_stream_stores_what_the_page_says(texts, parts, expected, tmp_path):
    """Of texts that are one event: the reading that is stored, and what was found in the event."""
    try:
        socket.create_connection(("127.0.0.1", 4222), timeout=2).close()
    except OSError:
        if os.environ.get("CI"):
            pytest.fail("CI has no NATS: the streams must be tested there")
        pytest.skip("no NATS on this machine")
    name = f"stacklens_one_{uuid4().hex[:8]}"
    in_a_thread(published(name, texts))
    said = json.loads(stacklens(tmp_path, "stream", name, "--broker", NATS, "--until-idle", "2", "--json"))
    in_a_thread(removed(name))
    assert said == {"stored": len(texts), "dead_letters": 0}
    stored = build(Settings(data_dir=tmp_path, sample=False))
    try:
        single = {
            answer["signature"]["key"]: answer
            for text, answer in zip(texts, expected, strict=True)
            if len(parse_text(text, now=0.0)) == 1
        }
        ids = stored.store.signatures.ids_of(single)
        assert len(single) > 20 and set(ids) == set(single)
        for key, answer in single.items():
            reading = stored.store.signatures.get(ids[key]).reading
            assert (reading.category, reading.confidence, reading.model) == (
                answer["category"], answer["confidence"], answer["model"])  # fmt: skip
            assert list(reading.severity_probabilities) == list(answer["severity_probabilities"].values())
            assert list(reading.category_probabilities) == list(answer["category_probabilities"].values())
    finally:
        stored.close()


def in_a_thread(work):
    """A loop of its own: the browser that earlier tests drove keeps one running in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def published(name, texts):
    import nats

    client = await nats.connect(NATS)
    await client.jetstream().add_stream(name=name, subjects=[name])
    for number, text in enumerate(texts):
        await client.jetstream().publish(name, text.encode(), headers={"message-id": str(number)})
    await client.close()


async def removed(name):
    import nats

    client = await nats.connect(NATS)
    for each in (name, f"stacklens-{name}_dead"):
        await client.jetstream().delete_stream(each)
    await client.close()
