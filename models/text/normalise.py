"""From a message to the text that events of one kind share: a pure, versioned function of the text.

No state and no statistics: any replica, at any time, gives the same answer for the same text (a
parser tree such as Drain's depends on what it saw before). One pass over the words of a text: what
varies between two events of one kind (numbers, addresses, ids, paths, quoted values) becomes a
placeholder, structures (lists, objects) collapse, and runs of placeholders become one. The pass is
repeated until it changes nothing, so that a normalised text is its own normal form; a pass over a
normalised text is remembered, and a log has few of those.
"""

import re
from functools import lru_cache
from typing import Final

#: Goes up with every change of the function's values: stored signatures name it.
VERSION: Final = "normalise-1"

#: Characters of a message that are looked at; an error that differs only later is the same kind.
MAX_CHARACTERS: Final = 4_096
#: Words of a normalised text: long messages (dumps, lists of objects) must not make long signatures.
MAX_WORDS: Final = 96

MASK: Final = "<*>"

#: A word ends at white space, brackets, quotes, commas, semicolons, bars and "=".
_END: Final = r"\s,;=()\[\]{}\"'`<>|"
#: The words that may vary: those with a digit or a mark inside, and those of nothing but hexadecimal letters.
_WORD: Final = re.compile(
    rf"(?<![^{_END}])(?:[^{_END}\d/\\@:.]*+[\d/\\@:.][^{_END}]*+|[a-fA-F.:!?\-]{{8,}}+(?![^{_END}]))"
)
#: Quoted values. A quote inside a word ("can't") opens nothing.
_QUOTED: Final = re.compile(r"(?<!\w)'[^'\n]{0,1000}'(?!\w)|\"[^\"\n]{0,1000}\"|`[^`\n]{0,1000}`")
#: Key=value with the value one word.
_PAIR: Final = re.compile(r"(?<![\w<*>])([A-Za-z_][\w.\-]{0,60})=[^\s,;=()\[\]{}\"'`<>|]++")
_RUN: Final = re.compile(r"<\*>(?:[\s,:;/|.+\-]{0,8}<\*>)+")
#: A number's sign and unit vary with its value: "-3", "<1 sec", "8.7 KB".
_UNIT: Final = re.compile(
    r"(?<![\w<])[<>~+\-]?<\*>(?: ?(?:[KMGT]i?B|[kKMG]?[bB]|[kMG]?bytes|[mun]?s|secs?|min|%)(?![\w/]))?"
)
#: A size that is said twice: "8912 bytes (8.70 KB)".
_TWICE: Final = re.compile(r"(<\*>(?: bytes)?) ?\(<\*>\)(?= (?:sent|received|used|free|of|total|written|read)\b)")
_DATE: Final = re.compile(
    r"\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? {1,2})?(?:\d{1,2} )?"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} {1,2}(?=\d)"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? {1,2}(?=\d)"
)
#: A quick look for a month or a day before a number; the full pattern has no fixed first letter and is slow.
_DATED: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6},? \d"
)
#: A name after "for user", where no word of the language can stand.
_USER: Final = re.compile(r"\b((?:for|of|by|as|from) (?:invalid )?user )[A-Za-z_][\w.\-]{0,60}")
#: The class of an HTTP status tells success from failure: it stays.
_STATUS: Final = re.compile(
    r"\b((?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) [^\s\"]{1,500}(?: HTTP/\d(?:\.\d)?)?\"?) ([1-5])\d\d(?!\w)"
)
#: Quoted words of which there are three or more are said, not filled in.
_SENTENCE: Final = re.compile(r"[\"'`][A-Za-z][\w'-]{0,30},? [A-Za-z][\w'-]{0,30},? [A-Za-z][^\"`]{0,600}[\"'`]$")
_KEY: Final = re.compile(r"[\"'][A-Za-z_@$][\w.$@-]{0,40}[\"']$")
_METHOD: Final = re.compile(r"^([\"'`])(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) ")
#: Addresses whose parts can be letters alone: MAC and IPv6.
_COLONS: Final = re.compile(r"^(?:[0-9a-fA-F]{0,4}:){2,20}[0-9a-fA-F.]{0,15}$")
#: Host names: they end like a domain, or with a port; class names and source files do not.
_HOST: Final = re.compile(
    r"^(?!(?:org|com|net|io|java|javax|sun|jdk)\.)(?:[A-Za-z0-9_-]{1,63}\.){1,8}(?:"
    r"(?!java|py|js|ts|go|rb|cs|kt|php|cpp|rs|c|h|scala|mjs)[a-z]{2,12}:\d{1,5}"
    r"|(?<=\.)(?:com|net|org|edu|gov|internal|local|lan|corp|cn|hk|de|fr|uk|jp|eu|example))$"
)
#: A bracket within a bracket, up to the last bracket of the text.
_NESTED: Final = re.compile(r"([\[{])[^\[\]{}]*+[\[{].*([\]}])")
#: Brackets around nothing but placeholders and punctuation.
_EMPTY: Final = re.compile(r"([\[({])[^\[\](){}A-Za-z]{0,400}<\*>[^\[\](){}A-Za-z]{0,400}([\])}])")
_DOTS: Final = re.compile(r"\.{3,}")
#: A name with an index: LOCAL(0), CPU(3).
_INDEXED: Final = re.compile(r"\b[A-Z]{2,12}\(\d{1,4}\)")
#: Without one of these the pattern above or `_STATUS` finds nothing; they are quick to look for.
_INDEX: Final = re.compile(r"\(\d")
_METHODS: Final = ("GET ", "POST ", "PUT ", "DELETE ", "PATCH ", "HEAD ", "OPTIONS ")

#: Words whose digits belong to the name.
_NAMES: Final = re.compile(
    r"(?i)^(?:[1-5]xx|utf-?(?:8|16|32)|ipv[46]|sha-?(?:1|224|256|384|512)|md5|x509|base(?:32|64)|k8s|i18n|l10n|log4j2?|slf4j|s3|ec2|"
    r"http/?[123](?:\.[01])?|https?|oauth2?|u?int(?:8|16|32|64)|float(?:32|64)|x86|x64|amd64|arm64|win32|h2|java\d{1,2}|"
    r"python[23](?:\.\d{1,2})?|tls(?:v?1(?:\.[0-3])?)?|sslv[23]|r2|p2p|b2b|fp(?:16|32)|mp[34]|ext[234]|iso-?8859-?1?|latin-?1|"
    r"sqs|ses|route53|neo4j|db2|boto3?|psycopg[23]?|urllib3|pkcs(?:8|12)|rfc\d{3,5}|aes(?:128|256)?|rs256|hs256|es256)$"
)
#: Codes that name the error itself: ORA-00942, TS2304, SQLSTATE 42P01 is a number to us.
_CODE: Final = re.compile(r"^(?:[A-Z]{2,8}-\d{3,6}|(?:TS|CS|CA|E|C|LNK|MSB|PLW|DL|ERR)\d{3,5}|E[A-Z]{3,20}\d?)$")
_HEX: Final = re.compile(r"^(?:0[xX])?[0-9a-fA-F]{6,}$")
_DIGIT: Final = re.compile(r"\d")
_TRIM: Final = ".:!?-"
#: Longest word that is remembered.
_SHORT: Final = 128
#: Passes after which a text counts as nothing but varying parts. Two are enough for all but made-up texts.
_PASSES: Final = 8


def normalise(text: str) -> str:
    """The shared text of a message; at most MAX_WORDS words, white space folded. Never raises."""
    return _settled(_pass(text))


@lru_cache(maxsize=8_192)
def _settled(text: str) -> str:
    """The text after passes that change nothing more."""
    for _ in range(_PASSES):
        again = _pass(text)
        if again == text:
            return text
        text = again
    return MASK


def _pass(text: str) -> str:
    text = " ".join(text[:MAX_CHARACTERS].split())
    if any(method in text for method in _METHODS):
        text = _STATUS.sub(r"\1 \2xx", text)
    if "'" in text or '"' in text or "`" in text:
        text = _QUOTED.sub(_quoted, text)
    if "=" in text:
        text = _PAIR.sub(_pair, text)
    if "..." in text:
        text = _DOTS.sub(" ... ", text)
    if "(" in text:
        text = (_INDEXED.sub("0", text) if _INDEX.search(text) else text).replace(" ()", " (0)")
    if " user " in text:
        text = _USER.sub(r"\1<*>", text)
    if _DATED.search(text):
        text = _DATE.sub("0 ", text)
    text = _WORD.sub(_masked, text)
    if "[" in text or "(" in text or "{" in text:
        text = _collapse(text)
    if MASK in text:
        text = _RUN.sub(MASK, _UNIT.sub(MASK, text))
        text = _TWICE.sub(r"\1", text) if "(" in text else text
    return " ".join(text.split(None, MAX_WORDS)[:MAX_WORDS])


def _pair(match: re.Match[str]) -> str:
    return match[1] + "=<*>"  # a function is faster than a template before Python 3.12


def _quoted(match: re.Match[str]) -> str:
    """Quotes stay, so that a quoted value and a bare word differ; what they hold is a value."""
    whole = match.group()
    method = _METHOD.match(whole)
    if method:
        return f"{whole[0]}{method[2]} <*>{whole[-1]}"
    if _SENTENCE.match(whole) or (match.string[match.end() : match.end() + 1] == ":" and _KEY.match(whole)):
        return whole  # the words of a message, or the name of a value: what varies inside them is masked like any word
    return f"{whole[0]}<*>{whole[-1]}" if len(whole) > 2 else whole


def _masked(match: re.Match[str]) -> str:
    word = match.group()
    return _word(word) if len(word) <= _SHORT else _word.__wrapped__(word)


@lru_cache(maxsize=65_536)
def _word(word: str) -> str:
    """The word, or a placeholder with the punctuation that stood around it."""
    core = word.strip(_TRIM)
    if not core:
        return word
    if _HOST.match(core):
        return word.replace(core, MASK)
    if ":" in core and not _COLONS.match(core) and "//" not in core:
        return _RUN.sub(MASK, ":".join(_word(part) for part in word.split(":")))
    if not _varies(core):
        return word
    start = word.find(core)
    return word[:start] + MASK + word[start + len(core) :]


def _varies(core: str) -> bool:
    if _DIGIT.search(core):
        return not (_NAMES.match(core) or _CODE.match(core))
    if "/" in core:
        return core.count("/") > 1 or core[0] == "/" or "." in core
    return "\\" in core or "@" in core or (len(core) >= 8 and bool(_HEX.match(core)))


def _collapse(text: str) -> str:
    """Brackets whose inside holds only placeholders and punctuation, or nests, become one placeholder in brackets."""
    last = max(text.rfind("]"), text.rfind("}")) + 1
    if text[:1] == "{" and last == len(text):
        return text  # the whole message is an object: there is nothing else to tell it by
    if last and ("[" in text or "{" in text):  # beyond the last bracket every search would be in vain, and slow
        text = _NESTED.sub(r"\1<*>\2", text[:last]) + text[last:]
    return _EMPTY.sub(r"\1<*>\2", text) if MASK in text else text
