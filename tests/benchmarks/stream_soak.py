"""Memory of a worker that streams for an hour: a bounded cache shows as a flat line.

    python tests/benchmarks/stream_soak.py [MINUTES] [nats://127.0.0.1:4222]

Publishes lines rendered from the corpus, ever new ids and numbers in them, 2,000 at a time as fast as the worker takes them; prints
the worker's resident memory, what is stored, and the rate, once a minute, and at the end the growth of the second half.
"""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import nats
import psutil

from models.corpus import read_corpus, render

AHEAD = 2_000
ROOT = Path(__file__).resolve().parents[2]


async def main(minutes: float, url: str) -> None:
    name = f"soak_{uuid4().hex[:8]}"
    templates = read_corpus(sorted((ROOT / "sample_data" / "corpus").glob("*.jsonl")))
    client = await nats.connect(url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name=name, subjects=[name])
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("stacklens")), "stream", name, "--broker", url, "--json"]
        worker = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"STACKLENS_DATA_DIR": folder})
        process, end, sent, rows = psutil.Process(worker.pid), time.monotonic() + 60 * minutes, 0, []
        while time.monotonic() < end:
            minute = time.monotonic() + 60
            while time.monotonic() < minute:
                if sent - stored(folder) < AHEAD:
                    batch = [(n, render(templates[n % len(templates)].text, n)) for n in range(sent, sent + 500)]
                    await asyncio.gather(*(
                        jetstream.publish(name, f"ERROR {text} (attempt {n})".encode(), headers={"message-id": str(n)})
                        for n, text in batch
                    ))  # fmt: skip
                    sent += len(batch)
                await asyncio.sleep(0.05)
            rows.append({"minute": len(rows) + 1, "rss_mb": process.memory_info().rss >> 20, "stored": stored(folder)})
            print(json.dumps(rows[-1]), flush=True)
        worker.terminate()
        worker.wait(60)
        print(json.dumps({"sent": sent, "stored": stored(folder), "per_second": round(sent / (60 * minutes))}))
    await jetstream.delete_stream(name)
    await client.close()
    half = rows[len(rows) // 2 :]
    print(
        json.dumps(
            {
                "growth_of_second_half_mb": half[-1]["rss_mb"] - half[0]["rss_mb"],
                "peak_mb": max(r["rss_mb"] for r in rows),
            }
        )
    )


def stored(folder: str) -> int:
    try:
        with sqlite3.connect(f"file:{folder}/stacklens.db?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


if __name__ == "__main__":
    minutes, url = (*sys.argv[1:], *("60", "nats://127.0.0.1:4222")[len(sys.argv) - 1 :])
    asyncio.run(main(float(minutes), url))
