"""Batch: every row once, the same answers as the page, whatever stops it in between."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.domain import InvalidInput
from app.jobs import batch
from app.services import answers

TEXTS = [f"ERROR could not save order {number}, connection refused by {name}" for number in range(5) for name in ("db", "cache")]


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def run(parts, source, out):
    return batch.run(source, out, batch.local(batch.answer_of(parts.analysis, parts.settings.not_sure_below)))


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".csv", ".parquet"])
def test_every_format_gives_the_answers_of_the_page(parts, tmp_path, ending):
    source = tmp_path / f"in{ending}"
    if ending == ".csv":
        with source.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, ["id", "message"])
            writer.writeheader()
            writer.writerows({"id": f"e{n}", "message": text} for n, text in enumerate(TEXTS))
    elif ending == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"id": [f"e{n}" for n in range(len(TEXTS))], "text": TEXTS}), source)
    else:
        data = "".join(json.dumps({"id": f"e{n}", "text": text}) + "\n" for n, text in enumerate(TEXTS)).encode()
        source.write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    done = run(parts, source, tmp_path / "out.jsonl")
    assert done == batch.Done(len(TEXTS), 0, 0)
    for number, row in enumerate(read(tmp_path / "out.jsonl")):
        expected = answers.of_analysis(parts.analysis.analyse(TEXTS[number]), parts.settings.not_sure_below)
        expected.pop("milliseconds")
        assert row == {"row": number, "id": f"e{number}"} | json.loads(json.dumps(expected))
    assert sorted(file.name for file in tmp_path.glob("out*")) == ["out.jsonl"]


def test_parquet_out_holds_a_column_a_field(parts, tmp_path):
    import pyarrow.parquet as pq

    run(parts, jsonl(tmp_path / "in.jsonl", [{"text": TEXTS[0]}]), tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert table[0]["severity"] in ("critical", "high", "medium", "low")
    assert json.loads(table[0]["event"])["message"]


def test_a_run_that_broke_off_goes_on_after_the_last_whole_line(parts, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "CHUNK", 2)
    source, out = jsonl(tmp_path / "in.jsonl", [{"text": text} for text in TEXTS]), tmp_path / "out.jsonl"
    answered = batch.local(batch.answer_of(parts.analysis, 0.2))

    def breaks(chunks):
        for number, chunk in enumerate(answered(chunks)):
            if number == 2:
                raise KeyboardInterrupt
            yield chunk

    with pytest.raises(KeyboardInterrupt):
        batch.run(source, out, breaks)
    with (tmp_path / "out.jsonl.part").open("a") as part:
        part.write('{"row": 4, "sev')
    assert batch.run(source, out, answered) == batch.Done(len(TEXTS), 4, 0)
    assert [row["row"] for row in read(out)] == list(range(len(TEXTS)))


def test_rows_without_a_text_are_answered_with_the_reason(parts, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", [{"text": ""}, {"other": 1}, {"text": "disk full"}, ["no object"]])
    assert run(parts, source, tmp_path / "out.jsonl").failed == 2
    assert ["error" in row for row in read(tmp_path / "out.jsonl")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("source", "out", "why"),
    [("missing.jsonl", "o.jsonl", "no file"), ("in.txt", "o.jsonl", "none of"), ("in.jsonl", "o.txt", "neither"),
     ("in.jsonl", "in.jsonl", "there already"), ("broken.jsonl", "o.jsonl", "broken.jsonl:2 is not JSON")],
)  # fmt: skip
def test_what_cannot_be_read_or_written_is_refused_in_words(parts, tmp_path, source, out, why):
    jsonl(tmp_path / "in.jsonl", [{"text": "x"}])
    (tmp_path / "in.txt").write_text("x")
    (tmp_path / "broken.jsonl").write_text('{"text":"x"}\n{"text":\n')
    with pytest.raises(InvalidInput, match=why):
        run(parts, tmp_path / source, tmp_path / out)


def test_a_part_of_another_input_is_not_gone_on_with(parts, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", [{"text": "x"}])
    (tmp_path / "out.jsonl.part").write_text('{"row": 0}\n')
    (tmp_path / "out.jsonl.part.json").write_text('{"source": "another"}')
    with pytest.raises(InvalidInput, match="another input"):
        run(parts, source, tmp_path / "out.jsonl")


@pytest.mark.slow
@pytest.mark.model
def test_the_command_killed_in_mid_flight_loses_and_doubles_nothing(tmp_path):
    texts = [{"text": f"ERROR request {number} of worker {number % 7} failed: {'x' * (number % 50)}"} for number in range(400)]
    source, out = jsonl(tmp_path / "in.jsonl", texts), tmp_path / "out.jsonl"
    batch_command = [str(Path(sys.executable).with_name("stacklens")), "batch", str(source), str(out), "--json"]
    environment = os.environ | {"STACKLENS_DATA_DIR": str(tmp_path / "data")}
    process = subprocess.Popen(batch_command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    part = tmp_path / "out.jsonl.part"
    until = time.monotonic() + 200
    while not (part.exists() and part.stat().st_size) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    done = subprocess.run(batch_command, env=environment, capture_output=True, text=True, check=True, timeout=250)
    counts = json.loads(done.stdout)
    assert counts["rows"] == 400 and counts["resumed"] > 0
    assert [row["row"] for row in read(out)] == list(range(400))
