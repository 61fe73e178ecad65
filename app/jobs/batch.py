"""`stacklens batch IN OUT`: every row of a file analysed as the page would, resumable, here or on a Ray cluster.

Answers go to OUT.part as JSON lines, a chunk at a time and on the disk before the next begins; a run that was killed goes on after
the last whole line, so no row is missing and none is there twice. At the end the part becomes OUT, in one step.
"""

import csv
import gzip
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

from app.domain import InvalidInput, StackLensError, Unavailable
from app.services import answers
from app.services.analysis import AnalysisService
from app.services.files import atomic_write

#: The first of these columns that a row has holds its text.
TEXT: Final = ("text", "message", "summary", "description", "trace")
#: Rows that are answered and written together.
CHUNK: Final = 64
#: Answers that are kept for texts that come again.
REMEMBERED: Final = 10_000
_ENDINGS: Final = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")

Row = tuple[int, dict[str, Any]]
Answer = Callable[[str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Done:
    """`rows` in OUT, `resumed` of which an earlier run had answered, `failed` that could not be."""

    rows: int
    resumed: int
    failed: int


def run(
    source: Path,
    out: Path,
    answered: Callable[[Iterator[Sequence[Row]]], Iterator[list[dict[str, Any]]]],
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Done:
    """Answers every row of `source` into `out` (.jsonl or .parquet). InvalidInput: a file that cannot be read or written so.

    `answered` gives the answers of each chunk, in order; `progress` is told how many rows are on the disk.
    """
    _check(source, out)
    part, about = out.with_name(out.name + ".part"), out.with_name(out.name + ".part.json")
    resumed = _resume(source, part, about)
    rows, failed = resumed, 0
    chunks = _chunks(islice(read_rows(source), resumed, None))
    with part.open("a", encoding="utf-8") as stream:
        for answers_of_chunk in answered(chunks):
            stream.writelines(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in answers_of_chunk)
            stream.flush()
            os.fsync(stream.fileno())
            rows += len(answers_of_chunk)
            failed += sum("error" in one for one in answers_of_chunk)
            progress(rows)
    if out.name.endswith(".parquet"):
        _to_parquet(part, out)
        part.unlink()
    else:
        part.replace(out)
    about.unlink(missing_ok=True)
    return Done(rows, resumed, failed)


def local(answer: Answer) -> Callable[[Iterator[Sequence[Row]]], Iterator[list[dict[str, Any]]]]:
    """Answers in this process."""
    return lambda chunks: (answer_chunk(chunk, answer) for chunk in chunks)


def answer_of(analysis: AnalysisService, not_sure_below: float) -> Answer:
    """The answer about one text, without how long it took; texts that came before are not analysed again."""

    @lru_cache(maxsize=REMEMBERED)
    def answer(text: str) -> dict[str, Any]:
        found = answers.of_analysis(analysis.analyse(text), not_sure_below)
        found.pop("milliseconds")
        return found

    return answer


def answer_chunk(chunk: Sequence[Row], answer: Answer) -> list[dict[str, Any]]:
    return [_row(number, row, answer) for number, row in chunk]


def read_rows(source: Path) -> Iterator[Row]:
    """(number from 0, columns) of each row, as they stream in."""
    name = source.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        from pyarrow.parquet import ParquetFile

        rows: Iterator[dict[str, Any]] = (
            row for batch in ParquetFile(source).iter_batches(batch_size=1_000) for row in batch.to_pylist()
        )
        yield from enumerate(rows)
        return
    with _opened(source) as stream:
        yield from enumerate(csv.DictReader(stream) if name.endswith(".csv") else _json_lines(stream, source.name))


def _row(number: int, row: dict[str, Any], answer: Answer) -> dict[str, Any]:
    named = {"row": number} | ({"id": row["id"]} if "id" in row else {})
    text = next((str(row[column]) for column in TEXT if row.get(column)), "")
    try:
        return named | answer(text)
    except StackLensError as error:
        return named | {"error": str(error)}


def _chunks(rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _check(source: Path, out: Path) -> None:
    if not source.is_file():
        raise InvalidInput(f"there is no file {source}")
    if not source.name.endswith(_ENDINGS):
        raise InvalidInput(f"{source.name} is none of {', '.join(_ENDINGS)}")
    if not out.name.endswith((".jsonl", ".parquet")):
        raise InvalidInput(f"{out.name} is neither .jsonl nor .parquet")
    if out.exists():
        raise InvalidInput(f"{out} is there already: name another file, or take it away first")


def _resume(source: Path, part: Path, about: Path) -> int:
    """How many rows the part holds whole; a line that broke off is cut away. InvalidInput: it is of another input."""
    stat = source.stat()
    mark = {"source": str(source.resolve()), "size": stat.st_size, "modified": stat.st_mtime_ns}
    if part.exists() and about.exists() and json.loads(about.read_text(encoding="utf-8")) != mark:
        raise InvalidInput(f"{part} is of another input, or this one has changed: take it away to begin anew")
    if not part.exists():
        atomic_write(about, lambda stream: stream.write(json.dumps(mark).encode()))
        part.touch()
        return 0
    whole, rows = 0, 0
    with part.open("rb") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                break
            whole, rows = whole + len(line), rows + 1
    os.truncate(part, whole)
    return rows


@contextmanager
def _opened(source: Path) -> Iterator[TextIO]:
    opener = gzip.open if source.name.endswith(".gz") else open
    with opener(source, "rt", encoding="utf-8", errors="replace", newline="") as stream:
        yield stream


def _json_lines(stream: TextIO, name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(stream, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InvalidInput(f"{name}:{number} is not JSON: {error}") from error
            yield row if isinstance(row, dict) else {"text": str(row)}


def _to_parquet(part: Path, out: Path) -> None:
    """One column a field; those that hold more than a value as JSON text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with part.open(encoding="utf-8") as stream:
        rows = [{name: _flat(value) for name, value in json.loads(line).items()} for line in stream]
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    atomic_write(out, lambda stream: pq.write_table(table, stream))


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def on_ray(load: Callable[[], Answer]) -> Callable[[Iterator[Sequence[Row]]], Iterator[list[dict[str, Any]]]]:
    """Answers by the workers of a Ray cluster, each of which calls `load`. Unavailable: Ray is not installed."""
    try:
        from app.jobs import batch_ray
    except ImportError as error:
        raise Unavailable("Ray is not installed: pip install 'stacklens[ray]'") from error
    return batch_ray.on_ray(load)
