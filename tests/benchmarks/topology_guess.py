"""How much of a topology is guessed from logs alone, beside the truth that the simulators know.

    python tests/benchmarks/topology_guess.py

The sample incident goes through the parser and a throw-away store as an upload does. The simulated incidents (six hours, four
faults) are guessed twice: as they are, where half of the failed calls name the callee, and with those names taken out. Intervals
are Wilson's, at 95 %.
"""

import re
import tempfile
import time
from collections import namedtuple
from pathlib import Path

from app.bootstrap import build
from app.services.service_graph import GUESS_LINES
from app.settings import SAMPLE_DATA, Settings
from models.analyse.graph_reading import KNOWN_BY
from models.analyse.topology_guess import guess
from models.corpus import read_corpus
from models.simulate.incident import simulate
from models.simulate.shop_topology import CALLS
from models.simulate.topology import generate
from models.vectors.hashing import HashingEncoder

SEEDS = range(9001, 9006)
Line = namedtuple("Line", "time service text wrong")


def wilson(good: int, n: int, z: float = 1.96) -> str:
    if not n:
        return "none"
    share, over = good / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / over
    half = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5 / over
    return f"{share:.2f} [{max(middle - half, 0):.2f}, {min(middle + half, 1):.2f}] ({good} of {n})"


def report(name: str, lines: list, truth: set[tuple[str, str]]) -> None:
    start = time.perf_counter()
    graph = guess(lines)
    seconds = time.perf_counter() - start
    found = {
        (graph.names[caller], graph.names[callee]): how
        for (caller, callee), how in zip(graph.edges.T.tolist(), graph.known_by, strict=True)
    }
    loggers = {line.service for line in lines}
    seen = {pair for pair in truth if loggers.issuperset(pair)}
    right = truth & set(found)
    print(f"{name}: {len(lines)} lines, {len(graph)} services, {seconds:.1f} s")
    print(f"  precision {wilson(len(right), len(found))}, recall {wilson(len(right), len(truth))}, "
          f"where both log {wilson(len(right & seen), len(seen))}")  # fmt: skip
    for how in KNOWN_BY[1:]:
        mine = [pair for pair, known in found.items() if known == how]
        print(f"  {how}: {len(mine)} calls, {len(truth.intersection(mine))} right")


def sample_lines() -> list:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", cache_dir=Path(folder) / "cache", sample=False)
        parts = build(settings, encoder=HashingEncoder())
        parts.sample.load()
        lines = parts.store.graph.lines(GUESS_LINES)
        parts.close()
    return lines


if __name__ == "__main__":
    report("sample incident", sample_lines(), {(call.caller, call.callee) for call in CALLS})
    corpus = read_corpus(sorted((SAMPLE_DATA / "corpus").glob("*.jsonl")))
    for seed in SEEDS:
        topology = generate(seed)
        events = simulate(seed, corpus, topology=topology, seconds=6 * 3600.0, count=4).events
        truth = {(topology.names[caller], topology.names[callee]) for caller, callee in topology.edges.T.tolist()}
        for name, strip in (("as it is", False), ("names taken out", True)):
            lines = [
                Line(
                    event.time,
                    topology.names[event.service],
                    re.sub(r"^call to \S+ failed: ", "", event.text) if strip else event.text,
                    event.severity != "low",
                )
                for event in events
            ]
            report(f"simulated, seed {seed}, {name}", lines, truth)
