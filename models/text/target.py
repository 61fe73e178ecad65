"""What an action is to be done to, named from the error itself: "Free resources on orders-db: disk 98 %"."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from models.records import Frame
from models.taxonomy import ACTION_WORDS
from models.text.decode import clean
from models.text.own_frames import own_frames

#: Characters of an error that are searched for names.
LOOKED_AT: Final = 8_192
_LONGEST: Final = 80

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """`name` is what to act on, `evidence` the words of the error that say so; each "" where there is none.

    `own`: the error itself names it; else it is the service or the host where the error happened.
    """

    name: str = ""
    evidence: str = ""
    own: bool = False


def target(action: str, raw: str, service: str, host: str, frames: Sequence[Frame]) -> Target:
    """What `action` of the taxonomy would be done to; `service` and `host` as the event names them, "" if not."""
    text = clean(raw[:LOOKED_AT])
    found = _FINDERS[action](text, frames)
    place = found.name or service or ("" if action in _OF_A_PROGRAM else _host_in(text) or host)
    return Target(_short(place), _short(found.evidence), own=bool(found.name))


def sentence(action: str, aim: Target) -> str:
    """The action as a person reads it, with its target and the reason for it."""
    words = ACTION_WORDS[action]
    if aim.name:
        words += (_BEFORE_NAME if aim.own else _BEFORE_PLACE)[action] + aim.name
    if not aim.evidence:
        return words
    return f"{words} ({aim.evidence})" if ": " in words else f"{words}: {aim.evidence}"


#: How what the error names follows the action's words,
_BEFORE_NAME: Final = {
    "restart_service": ": ",
    "scale_out": " ",
    "rollback_release": " of ",
    "fix_configuration": ": ",
    "raise_limit": " of ",
    "free_resources": " on ",
    "renew_credentials": " of ",
    "patch_code": " at ",
    "fail_over": " from ",
    "correct_input": ": ",
}
#: and how the service or host does, where the error names nothing.
_BEFORE_PLACE: Final = _BEFORE_NAME | {
    "fix_configuration": " of ",
    "patch_code": " of ",
    "fail_over": " ",
    "correct_input": " of ",
}
#: Done to a program, never to the machine it runs on.
_OF_A_PROGRAM: Final = frozenset(("rollback_release", "patch_code", "correct_input"))


def _patterns(*alternatives: str) -> Patterns:
    return tuple(re.compile(alternative, re.IGNORECASE) for alternative in alternatives)


#: Evidence, the most telling first.
_FILL: Final = _patterns(
    r"\b(?:disk|volume|filesystem|file system|partition|memory|heap|swap|cpu|inodes?)\b[^.\n%]{0,40}?\b\d{1,3}(?:\.\d)? ?%",
    r"\b\d{1,3}(?:\.\d)? ?% (?:full|used|of \w{1,20})",
    r"no space left on device|disk quota exceeded|too many open files|out of memory|java heap space|"
    r"too many clients already|\bpool (?:is )?exhausted|connection pool exhausted",
)
_LIMIT: Final = _patterns(
    r"(?:timed? ?out|timeout|deadline)[^.\n]{0,30}?\b(?:after )?\d{1,7} ?(?:ms|s|sec(?:onds)?|minutes?)\b",
    r"\b(?:pool|max(?:imum)?|limit|quota|rate limit)[^.\n]{0,30}?\b\d{1,9}\b",
    r"too many (?:connections|requests|clients|open files)",
)
#: Names of settings. Constants of an error library (ERR_…, SSL_…, …_ERROR) look like variables and are none.
_MODULE: Final = re.compile(
    r"(?:No module named|Cannot find module|ClassNotFoundException:|NoClassDefFoundError:"
    r"|could not find package|command not found:)[ '\"]{0,2}(?P<name>[\w./@\-]{2,80})"
)
_SETTINGS: Final = (
    re.compile(r"\b(?P<name>(?!ERR_|ER_|EAI_|SSL_|TLS_|SQL_)[A-Z][A-Z0-9]{1,30}_[A-Z0-9_]{2,40})\b(?<!_ERROR)"),
    re.compile(r"(?P<name>[\w./\-]{1,80}\.(?:ya?ml|conf|cfg|ini|toml|properties|env|tf))\b"),
    re.compile(r"(?:property|setting|option|parameter|variable|key|directive)[ '\"=:]{1,3}(?P<name>[\w.\-]{3,60})"),
)
_USER: Final = _patterns(
    r"\b(?:user|role|login|account|principal)(?: name)?[ =:]{1,2}[\"'(]?(?P<name>[A-Za-z][\w.@\-]{1,40})",
)
_SECRET: Final = _patterns(
    r"(?<!unexpected )\b(?:certificate|token|password|api key|secret|credentials?)\b[^.\n]{0,60}",
)
_FIELD: Final = _patterns(
    r"\b(?:field|column|parameter|argument|property|attribute|key|header)[ =:]{1,2}[\"'`]?(?P<name>[A-Za-z_][\w.\-]{1,60})",
)
_LINE: Final = _patterns(r"\bline[ :]{1,2}(?P<name>\d{1,9})")
_QUOTED: Final = _patterns(r"[\"'`](?P<name>[\w.\-]{2,40})[\"'`]")
_RELEASE: Final = _patterns(
    r"\b(?:release|version|v|build|revision|deploy(?:ment)?(?: of)?)[ =:]{0,2}(?P<name>\d{1,4}\.\d{1,4}(?:\.\d{1,5})?[\w\-]{0,20})",
)
#: Addresses that cannot be prose: in a URL, an IP, a name with dots or a dash and a port.
_ADDRESS: Final = re.compile(
    r"\b[a-z][a-z0-9+]{1,12}://(?:[^\s/@]{1,80}@)?(?P<url>[A-Za-z0-9][\w\-.]{0,80}(?::\d{2,5})?)"
    r"|\b(?P<name>\d{1,3}(?:\.\d{1,3}){3}(?::\d{2,5})?|(?:[a-z][\w\-]{0,40}\.){1,6}[a-z]{2,10}:\d{2,5}"
    r"|[a-z][a-z0-9]{0,20}-[\w\-]{1,30}:\d{2,5})\b"
)
#: A name after a word that hosts follow.
_HOST: Final = re.compile(
    r"\b(?:to|at|host|server|from|on|upstream|broker|node)[ =:\"'(]{1,3}"
    r"(?P<name>[A-Za-z][\w\-]{0,40}(?:\.[\w\-]{1,40}){0,6}(?::\d{2,5})?)(?=[\s,;)\"']|\.?$)",
    re.MULTILINE,
)
#: What tells a host from a word: a digit, a dash or a port, or the end of a domain.
_LIKE_A_HOST: Final = re.compile(r"[\d\-:]|\.(?:internal|local|lan|corp|svc|cluster|com|net|org|io|cloud|dev)$")
_FILE: Final = re.compile(
    r"\.(?:py|pyx|[cm]?[jt]sx?|vue|java|kts?|scala|groovy|go|rb|erb|php|cs|fs|c|cc|cpp|cxx|h|hpp|rs|swift|m|mm|pl|pm|lua|ex|exs|"
    r"erl|clj|dart|r|sql|sh|bash|ps1|html?|css|json|xml|ya?ml|conf|cfg|ini|toml|properties|log|txt|csv|md)(?::\d{1,9})?$",
    re.IGNORECASE,
)
#: Lines of stack traces: the names there are code.
_FRAME_LINE: Final = re.compile(r"^[ \t]{0,40}(?:at |File \"|\.\.\. \d{1,6} more).*$", re.MULTILINE)
#: Words of prose that follow "user", "field" or "to" and are no name.
_PROSE: Final = frozenset(
    (
        "the",
        "a",
        "an",
        "any",
        "all",
        "this",
        "that",
        "be",
        "is",
        "are",
        "was",
        "were",
        "not",
        "no",
        "it",
        "its",
        "has",
        "have",
        "of",
        "in",
        "for",
        "to",
        "on",
        "at",
        "and",
        "or",
        "with",
        "by",
        "from",
        "must",
        "cannot",
        "can",
        "could",
        "does",
        "did",
        "value",
        "values",
        "name",
        "type",
        "required",
        "missing",
        "invalid",
        "found",
        "contains",
        "does",
        "violates",
        "exists",
        "localhost",
        "remote",
        "client",
        "database",
        "already",
        "failed",
        "format",
    )
)


def _evidence(patterns: Patterns) -> Callable[[str, Sequence[Frame]], Target]:
    def find(text: str, _frames: Sequence[Frame]) -> Target:
        return Target(evidence=_words(patterns, text))

    return find


def _configuration(text: str, _frames: Sequence[Frame]) -> Target:
    module = _MODULE.search(text)
    return Target(f"missing module {module['name']}" if module else _name(_SETTINGS, text))


def _credential(text: str, _frames: Sequence[Frame]) -> Target:
    user = _name(_USER, text)
    return Target(user) if user else Target(evidence=_words(_SECRET, text))


def _code(_text: str, frames: Sequence[Frame]) -> Target:
    own = own_frames(frames)
    if not own:
        return Target()
    frame = own[0]
    file = re.split(r"[/\\]", frame.file)[-1]
    place = f"{file}:{frame.line}" if file and frame.line else file or frame.module
    return Target(" in ".join(part for part in (place, frame.function) if part))


def _input(text: str, _frames: Sequence[Frame]) -> Target:
    field, line = _name(_FIELD, text), _name(_LINE, text)
    return Target(field or (f"line {line}" if line else _name(_QUOTED, text)))


def _release(text: str, _frames: Sequence[Frame]) -> Target:
    return Target(evidence=_name(_RELEASE, text))


def _elsewhere(text: str, _frames: Sequence[Frame]) -> Target:
    return Target(_host_in(text))


def _nothing(_text: str, _frames: Sequence[Frame]) -> Target:
    return Target()


def _words(patterns: Patterns, text: str) -> str:
    """What the first pattern that is found at all matches, white space folded."""
    for pattern in patterns:
        match = pattern.search(text)
        if match:
            return " ".join(match.group().split())
    return ""


def _name(patterns: Patterns, text: str) -> str:
    """The first name that is no word of prose, by the first pattern that finds one."""
    names = (match["name"].rstrip(".-") for pattern in patterns for match in pattern.finditer(text))
    return next((name for name in names if name and name.lower() not in _PROSE), "")


def _host_in(text: str) -> str:
    """The host that the text names; a source file with its line ("cart.js:42") is none."""
    text = _FRAME_LINE.sub("", text)
    for match in _ADDRESS.finditer(text):
        name: str = match["url"] or match["name"]
        if match["url"] or not _FILE.search(name):
            return name.rstrip(".")
    for match in _HOST.finditer(text):
        name = match["name"].rstrip(".")
        if name.lower() not in _PROSE and _LIKE_A_HOST.search(name) and not _FILE.search(name):
            return name
    return ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_FINDERS: Final[dict[str, Callable[[str, Sequence[Frame]], Target]]] = {
    "restart_service": _nothing,
    "scale_out": _evidence(_FILL),
    "rollback_release": _release,
    "fix_configuration": _configuration,
    "raise_limit": _evidence(_LIMIT),
    "free_resources": _evidence(_FILL),
    "renew_credentials": _credential,
    "patch_code": _code,
    "fail_over": _elsewhere,
    "correct_input": _input,
}
