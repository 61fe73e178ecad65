"""Words of a redacted text that may still be secrets: from a text to the few that a person should look at.

No shape tells these from other words, so nothing is taken out because of them: they are only offered.
In order: values that a name gives away (user=, session:), words as random as a key, long numbers,
host names of the outside world. Every pattern is bounded.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

#: Words that are offered at most.
SHOWN: Final = 12
#: Characters of a text that are looked at.
LOOKED_AT: Final = 200_000

_NAMED: Final = re.compile(
    r"(?i:\b(?:[a-z]{1,20}[_-]){0,3}(?:user(?:_?name)?|login|account|customer|tenant|token|key|auth|session(?:_?id)?|sid|pin|otp|"
    r"passphrase|credentials?|cookie|phone|iban|ssn)[\"']?)(?:\s{0,2}[=:]\s{0,2}[\"']?|\s[\"'])"
    r"([^\s\"',;:&(){}<>\[\]|]{4,200})"
)
_WORD: Final = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_=-]{16,200}(?![\w+/=-])")
_NUMBER: Final = re.compile(r"(?<![\w.:/-])\+?\d[\d -]{7,22}\d(?![\w.:/-])")
_HOST: Final = re.compile(
    r"(?<![\w.@/$-])(?:[a-z0-9][a-z0-9-]{0,62}\.){1,5}(?:com|net|org|eu|de|at|ch|fr|uk|nl|it|es|pl|se|no|dk|fi|ca|au|jp|in|br|cloud)"
    r"(?![\w.(-])"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX: Final = re.compile(r"(?:0x)?[0-9a-fA-F-]{1,200}")
#: Hosts that everybody's logs name.
_PUBLIC: Final = re.compile(
    r"(?:^|\.)(?:example|github|githubusercontent|apache|python|w3|mozilla|google|googleapis|microsoft|amazonaws|docker|oracle|"
    r"npmjs|pypi|maven|debian|ubuntu|kernel|eclipse|spring|golang|nodejs|stackoverflow|xmlsoap|ietf|iana|sun|java)\.[a-z]{2,5}$"
)
_MISSING: Final = re.compile(r"(?i:null|none|true|false|undefined|unknown|invalid|missing|expired|required|<.{0,200}|[a-z]{1,40})")
#: Bits a character above which a word is as random as a key; words put together from words lie below.
_RANDOM: Final = 3.6


def suspicious(text: str, limit: int = SHOWN) -> list[str]:
    """At most `limit` words, the most suspicious first, each once; none that stands in a mark of what was taken out."""
    looked_at = re.sub(r"\[redacted:[a-z-]{1,20}\]", " ", text[:LOOKED_AT])
    return list(dict.fromkeys(_found(looked_at)))[:limit]


def _found(text: str) -> Iterator[str]:
    yield from (value for value in _NAMED.findall(text) if not _MISSING.fullmatch(value) and any(map(str.isalnum, value)))
    yield from (word for word in _WORD.findall(text) if _is_random(word))
    yield from (number for number in _NUMBER.findall(text) if _is_long(number))
    yield from (host for host in _HOST.findall(text) if not _PUBLIC.search(host))


def _is_random(word: str) -> bool:
    """Whether a word mixes digits and letters as a generated key does; hashes, UUIDs and paths do not count."""
    if _HEX.fullmatch(word) or _UUID.search(word) or word.count("/") > 2 or word.count("-") > 2 or word.count("_") > 2:
        return False
    changes = sum(one.isdigit() != other.isdigit() for one, other in pairwise(word))
    return changes >= 4 and any(map(str.isalpha, word)) and _entropy(word) >= _RANDOM


def _is_long(number: str) -> bool:
    """Whether digits may be those of a phone, a customer or an account: not a time since 1970, nor a date."""
    digits = re.sub(r"\D", "", number)
    since_1970 = digits[0] == "1" and len(digits) in (10, 13, 16, 19)
    return 9 <= len(digits) <= 19 and not since_1970 and not digits.startswith(("19", "20")) and len(set(digits)) > 2


def _entropy(word: str) -> float:
    """Bits a character, by the word's own frequencies."""
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())
