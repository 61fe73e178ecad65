"""Secrets and addresses taken out of lines before anything is stored: from lines to lines, and what was found.

One pass a line: a line that holds none of the trigger words (most) is returned as it is, and one that
differs from such a line in its time alone is not even searched. What is found is replaced by
"[redacted:kind]", so that the rest of the line still tells its story. Every pattern is bounded, so that
no line takes more than linear time.

The shapes of the keys are the ones their issuers publish. A password that looks like any other word
in a sentence cannot be found this way.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from ahocorasick_rs import AhoCorasick, Implementation

from models.text.front import Shapes, front_of

_B: Final = r"(?<![A-Za-z0-9_])"
_E: Final = r"(?![A-Za-z0-9_])"
_NAMES: Final = ("password", "passwd", "pwd", "secret", "api_key", "api-key", "apikey", "access_key", "access-key", "accesskey",
                 "access_token", "auth_token", "refresh_token", "session_token", "id_token", "access-token", "auth-token",
                 "accesstoken", "authtoken", "refreshtoken")
#: Values that are no secret: nothing, a mask, a place to fill in.
_NOTHING: Final = r"(?!\[redacted|null\b|None\b|true\b|false\b|\*{2}|<|\$\{|%s|\{)"
#: Ends of file names (logo@2x.png) and of systemd's instances (postgresql@16-main.service), which are no domains.
_NO_DOMAIN: Final = r"(?!(?:png|jpe?g|gif|svg|webp|js|css|service|socket|timer|target|mount|slice|scope)\b)"

#: Kind, words of which a line must hold one (in lower case), and the shape; the group "keep" stays in front of the replacement.
_SHAPES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("jwt", ("eyj",), rf"{_B}eyJ[\w-]{{8,4000}}\.[\w-]{{8,8000}}(?:\.[\w-]{{0,2000}})?"),
    ("aws-key", ("akia", "asia", "aroa", "aida"), rf"{_B}(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{{16}}{_E}"),
    ("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
     rf"{_B}(?:gh[pousr]_[A-Za-z0-9]{{36,255}}|github_pat_[A-Za-z0-9_]{{22,255}}){_E}"),
    ("gitlab-token", ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-"),
     rf"{_B}gl(?:pat|dt|rt|cbt|ptt|soat)-[\w-]{{20,64}}"),
    ("slack-token", ("xox", "hooks.slack.com"), rf"{_B}xox[abeoprs]-[\w-]{{10,200}}|hooks\.slack\.com/services/[\w/]{{20,100}}"),
    ("google-key", ("aiza", "ya29."), rf"{_B}AIza[\w-]{{35}}{_E}|{_B}ya29\.[\w-]{{20,500}}"),
    ("stripe-key", ("sk_", "rk_", "whsec_"), rf"{_B}(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{{16,99}}{_E}"),
    ("api-key", ("sk-", "npm_", "pypi-", "dop_v1_", "sg.", "hvs.", "hvb."),
     rf"{_B}(?:sk-[A-Za-z0-9_-]{{20,200}}|npm_[A-Za-z0-9]{{36}}|pypi-AgEI[\w-]{{50,500}}|dop_v1_[a-f0-9]{{64}}"
     rf"|SG\.[\w-]{{22}}\.[\w-]{{43}}|hv[sb]\.[\w-]{{24,200}}){_E}"),
    ("azure-key", ("accountkey=", "sharedaccesskey=", "sig="),
     r"(?P<keep>(?:AccountKey|SharedAccessKey|sig)=)[A-Za-z0-9+/%]{40,120}={0,2}"),
    ("bearer", ("bearer",), r"(?P<keep>\b[Bb]earer\s{1,3})[A-Za-z0-9._~+/=-]{12,4000}"),
    ("basic-auth", ("basic ",), r"(?P<keep>\b[Bb]asic\s{1,3})[A-Za-z0-9+/]{12,400}={0,2}(?![\w ])"),
    ("password", ("://",), r"(?P<keep>://[^\s:@/\"']{0,100}:)[^\s@/\"']{1,200}(?=@)"),
    ("secret", _NAMES,
     r"(?P<keep>(?i:password|passwd|pwd|secret|api[_-]?key|access[_-]?key|(?:access|auth|refresh|session|id)[_-]?token)"
     r"[\"']?"
     rf"\s{{0,2}}(?:=|:\s{{0,2}}(?=[\"']))\s{{0,2}}[\"']?){_NOTHING}[^\s\"',;&)}}\]]{{3,400}}"),
    ("email", ("@",),
     rf"{_B}[A-Za-z0-9][\w.+-]{{0,63}}@(?:[A-Za-z0-9-]{{1,63}}\.){{1,5}}{_NO_DOMAIN}[A-Za-z]{{2,18}}{_E}"),
)
_RULES: Final = tuple((kind, words, re.compile(shape)) for kind, words, shape in _SHAPES)
_CARD: Final = re.compile(r"(?<![\w.-])[3-6](?:\d[ -]?){11,17}\d(?![\w-]|\.\d)")
#: Every digit becomes 0: a line without one of these runs holds no card number.
_ZEROS: Final = bytes.maketrans(b"0123456789", b"0000000000")
_RUNS: Final = (b"0" * 12, b"0000 0000", b"0000-0000")
#: All words in one pass (Aho and Corasick 1975): most lines hold none, and no shape is tried on them.
_WORDS: Final = tuple(word for _, words, _ in _RULES for word in words)
_RULE_OF: Final = tuple(number for number, (_, words, _) in enumerate(_RULES) for _ in words)
_SEARCH: Final = AhoCorasick(_WORDS, implementation=Implementation.DFA)
KINDS: Final = (*(kind for kind, _, _ in _RULES), "card", "private-key", "marked")
#: What stands where a text was that a person marked as a secret, before storing or after.
MARKED: Final = "[redacted:marked]"
#: Texts that a person may mark for one source, and their length; a shorter one would tear other words apart.
MARKS: Final = 100
MARK_CHARACTERS: Final = (4, 400)
_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
#: Lines of the longest key block; a begin mark without an end must not swallow a log.
_KEY_LINES: Final = 200
_CARD_LENGTHS: Final = frozenset((13, 14, 15, 16, 19))


class Redactor:
    """Redacts one source, line by line; `found` counts what was taken out, per kind.

    `extra` are exact texts that a person marked: each goes wherever it stands, after the known shapes. ValueError if
    they are too many, or one is too short or too long.
    """

    def __init__(self, extra: Sequence[str] = ()) -> None:
        self.found: Counter[str] = Counter()
        self._extra = checked_marks(extra)
        # The longest first, so that none is torn apart by a part of it; a mark that stands already is left alone.
        words = [re.escape(word) for word in sorted(self._extra, key=len, reverse=True)]
        self._marks = re.compile("|".join((*words, r"\[redacted:[a-z-]{1,20}\]")))
        self._key_lines = 0
        self._harmless: Shapes[bool] = Shapes()

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            yield self.line(line)

    def line(self, line: str) -> str:
        line = self._known(line)
        return self._marks.sub(self._marked, line) if self._extra and any(word in line for word in self._extra) else line

    def _known(self, line: str) -> str:
        if self._key_lines:
            return self._in_key(line)
        front = front_of(line)
        if front is not None and self._harmless.get(front[0]):
            return line
        if "-----BEGIN" in line:
            begin = _BEGIN.search(line)
            if begin:
                return self._key(line, begin)
        found = _SEARCH.find_matches_as_indexes(line.lower(), overlapping=True)
        digits = line.encode("ascii", "replace").translate(_ZEROS)
        if found or any(run in digits for run in _RUNS):
            return self._searched(line, {_RULE_OF[word] for word, _, _ in found})
        if front is not None:
            self._harmless.remember(front[0], True)
        return line

    def _searched(self, line: str, rules: set[int]) -> str:
        for number in sorted(rules):
            kind, _, shape = _RULES[number]
            line = shape.sub(partial(self._replaced, kind), line)
        digits = line.encode("ascii", "replace").translate(_ZEROS)
        return _CARD.sub(self._card, line) if any(run in digits for run in _RUNS) else line

    def _key(self, line: str, begin: re.Match[str]) -> str:
        self.found["private-key"] += 1
        end = _END.search(line, begin.end())
        self._key_lines = 0 if end else _KEY_LINES
        rest = line[end.end():] if end else ""
        return line[: begin.start()] + "[redacted:private-key]" + rest

    def _in_key(self, line: str) -> str:
        end = _END.search(line)
        self._key_lines = 0 if end else self._key_lines - 1
        return line[end.end():] if end else ""

    def _replaced(self, kind: str, match: re.Match[str]) -> str:
        self.found[kind] += 1
        return f"{match.groupdict().get('keep', '')}[redacted:{kind}]"

    def _marked(self, match: re.Match[str]) -> str:
        if match.group().startswith("[redacted:") and match.group() not in self._extra:
            return match.group()
        self.found["marked"] += 1
        return MARKED

    def _card(self, match: re.Match[str]) -> str:
        if not _is_card(match.group()):
            return match.group()
        self.found["card"] += 1
        return "[redacted:card]"


def redact(text: str, extra: Sequence[str] = ()) -> tuple[str, Counter[str]]:
    """A whole text redacted, and what was found per kind; `extra` as for Redactor."""
    redactor = Redactor(extra)
    return "\n".join(redactor.lines(text.split("\n"))), redactor.found


def checked_marks(extra: Sequence[str]) -> tuple[str, ...]:
    """The marked texts, each once, without space around; ValueError in words where one cannot be taken out."""
    words = tuple(dict.fromkeys(word.strip() for word in extra))
    shortest, longest = MARK_CHARACTERS
    if len(words) > MARKS:
        raise ValueError(f"at most {MARKS} texts can be taken out of one upload")
    if any(not shortest <= len(word) <= longest or "\n" in word for word in words):
        raise ValueError(f"what is taken out is {shortest} to {longest} characters of one line")
    return words


def _is_card(text: str) -> bool:
    """Whether digits are a card number: a known length, an issuer's first digit, and Luhn's checksum."""
    digits = [int(character) for character in text if character.isdigit()]
    if len(digits) not in _CARD_LENGTHS or not 3 <= digits[0] <= 6 or len(set(digits)) == 1:
        return False
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
