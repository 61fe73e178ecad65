"""The corpus as it could be met: each template rendered, dressed as a log line, cut, misspelled in case, pasted twice.

All of it is then read like any paste (parsed, normalised), so that the network trains on what it will be
given: a prefix that the parsers know is gone again, one that they do not know stays, as in life.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.corpus import Template, render

#: Renderings of each template: as the reader of the corpus sees it, then changed.
PLAIN, CHANGED = 3, 4

Change = Callable[[str, random.Random], str]

_PREFIXES: Final[tuple[str, ...]] = (
    "2026-{m:02d}-{d:02d} {h:02d}:{s:02d}:{s:02d},{n:03d} ERROR [main] com.shop.orders.OrderService - ",
    "2026-{m:02d}-{d:02d}T{h:02d}:{s:02d}:{s:02d}.{n:03d}Z ",
    "{m:02d}/{d:02d}/26 {h:02d}:{s:02d}:{s:02d} ",
    "Mar {d:2d} {h:02d}:{s:02d}:{s:02d} web-{d} app[{n}]: ",
    "E{m:02d}{d:02d} {h:02d}:{s:02d}:{s:02d}.{n:06d}       1 controller.go:{n}] ",
    "[{h:02d}:{s:02d}:{s:02d}] [ERROR] ",
    "ERROR: ", "error: ", "[error] ", "ERR ", "level=error msg=", "app-{d}  | ", "{n} ", "(pid {n}) ", "node-{d}: ",
    "Exception in thread main: ", "FATAL ", "WARN ", "[{n}] ", "worker-{d} - ", "stderr: ", "> ", "Error: ",
)
_ENDINGS: Final = (" (id {n})", " [request {n}]", " at line {n}", ", code {n}", " after {n} ms", " .", " ...", " for node-{d}")


@dataclass(frozen=True, slots=True)
class Renderings:
    """n texts as the encoder sees them; `template` (n,) the number of the template, -1 for a text that is no error.

    `plain` (n,): unchanged, in the order in which the reader of the corpus has them.
    """

    texts: Sequence[str]
    template: NDArray[np.int64]
    plain: NDArray[np.bool_]


def renderings(
    templates: Sequence[Template], others: Sequence[str], prepare: Callable[[str], str], seed: int, changed: int = CHANGED
) -> Renderings:
    """Distinct texts of every template, and the non-errors (already prepared) with what may be dropped of them."""
    texts: list[str] = []
    number: list[int] = []
    plain: list[bool] = []
    for row, template in enumerate(templates):
        rng = random.Random(f"{seed} {template.id}")
        usual = [prepare(render(template.text, s)) for s in range(PLAIN)]
        changes = [_CHANGES[(row + s) % len(_CHANGES)] for s in range(changed)]  # every template others of them
        altered = [prepare(change(render(template.text, s), rng)) for s, change in enumerate(changes, start=PLAIN)]
        for text, is_plain in {**dict.fromkeys(usual, True), **{text: text in usual for text in altered}}.items():
            texts.append(text)
            number.append(row)
            plain.append(is_plain)
    for place, text in enumerate(others):
        rng = random.Random(f"{seed} other {place}")
        for other in dict.fromkeys((text, shortened(text, rng), thinned(text, rng))):
            texts.append(other)
            number.append(-1)
            plain.append(other == text)
    return Renderings(texts, np.array(number), np.array(plain))


def dressed(text: str, rng: random.Random) -> str:
    """With the head of a log line, known to the parsers or not, and sometimes an ending."""
    ending = _numbers(rng.choice(_ENDINGS), rng) if rng.random() < 0.3 else ""
    return _numbers(rng.choice(_PREFIXES), rng) + text + ending


def shortened(text: str, rng: random.Random) -> str:
    """Cut off as by a column of a table: the first half to nine tenths."""
    return text[: max(12, int(len(text) * rng.uniform(0.5, 0.9)))]


def beheaded(text: str, rng: random.Random) -> str:
    """Without its first words, as a copy that began too late."""
    words = text.split(" ")
    return " ".join(words[rng.randint(1, max(1, len(words) // 3)) :]) if len(words) > 4 else text


def thinned(text: str, rng: random.Random) -> str:
    """With one word in seven missing."""
    words = text.split(" ")
    return " ".join(word for word in words if rng.random() > 1 / 7) or text


def recased(text: str, rng: random.Random) -> str:
    """Loud, or in small letters, or with underscores for blanks as in an enumeration."""
    return rng.choice((str.upper, str.lower, lambda text: text.upper().replace(" ", "_")))(text)


def pasted(text: str, rng: random.Random) -> str:
    """Twice in one paste, between lines that say nothing."""
    head = _numbers("2026-{m:02d}-{d:02d} {h:02d}:{s:02d}:{s:02d} ", rng)
    quiet = rng.choice(("INFO starting worker", "INFO listening on port 8080", "DEBUG tick", "INFO request received"))
    return f"{head}{quiet}\n{head}ERROR {text}\n{head}ERROR {text}\n{head}{quiet}"


_CHANGES: Final[tuple[Change, ...]] = (dressed, shortened, thinned, recased, beheaded, pasted)


def _numbers(pattern: str, rng: random.Random) -> str:
    return pattern.format(m=rng.randint(1, 12), d=rng.randint(1, 28), h=rng.randint(0, 23), s=rng.randint(0, 59),
                          n=rng.randint(1, 999))
