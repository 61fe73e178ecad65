"""Build logs: the commands of GitHub Actions and Azure ("##[error]"), npm, Travis' folds, and compilers' complaints."""

import re
from typing import Final

from models.text.formats.head import Head, Reader, level_of
from models.text.formats.wrap import CI
from models.text.times import Times

_COMMAND: Final = re.compile(
    r"##\[(\w{1,20})(?: [^\]\n]{0,400})?\]|::(error|warning|notice|debug)(?: [^\n:]{0,600}(?::\d[^\n:]{0,20})?)?::")
_TRAVIS: Final = re.compile(r"travis_(?:fold|time):\S{0,200}\s?")
_NPM: Final = re.compile(r"npm (?:ERR!|error|WARN|warn) ?")
#: "cart.c:42:9: error: text", "Cart.cs(42,9): error CS0103: text", "src/main.rs:1: warning: text"
_COMPILER: Final = re.compile(
    r"[^\s:(\"']{1,300}(?::\d{1,7}(?::\d{1,7})?|\(\d{1,7}(?:,\d{1,7})?\)): (?:fatal )?(error|warning|note)\b")
_FOLDS: Final = frozenset(("group", "endgroup", "section", "command"))


def read(line: str, times: Times) -> Head | None:
    first = line[0]
    if first in "#:":
        return _command(line)
    if first == "t":
        found = _TRAVIS.match(line)
        return Head(line[found.end():] or line, level="debug", prefixed=False, format=CI) if found else None
    if first == "n" and (found := _NPM.match(line)):
        return Head(line[found.end():], level="error" if "err" in found[0].lower() else "warning", format=CI)
    if ": error" in line[:340] or ": warning" in line[:340] or ": fatal error" in line[:340]:
        found = _COMPILER.match(line)
        return Head(line, level=level_of(found[1]), format=CI) if found else None
    return None


def _command(line: str) -> Head | None:
    found = _COMMAND.match(line)
    if found is None:
        return None
    word = found[1] or found[2]
    level = "debug" if word in _FOLDS else level_of(word)
    text = line[found.end():]
    return Head(text, level=level, prefixed=False, body=None, format=CI)


READERS: Final[tuple[Reader, ...]] = (
    Reader(CI, frozenset("#:./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"), read),
)
