"""Libraries and packages: archives, shared objects, a name with its version, and what is imported or missing."""

from typing import Final

PATTERNS: Final = (
    r"(?<![\w/\\])(?P<LIBRARY>[A-Za-z0-9][\w.\-+]{0,150}\.(?:jar|whl|gem|nupkg))(?![\w])",
    r"(?<![\w/\\])(?P<LIBRARY2>lib[\w\-+]{1,60}\.so(?:\.\d{1,4}){0,4})(?![\w])",
    # lodash@4.17.21, requests==2.31.0, django>=4
    r"(?<![\w./@\-])(?P<LIBRARY3>@?[a-z][\w\-]{1,60}(?:/[\w\-]{1,60})?)(?:@\^?~?|[=~>]=)(?=\d{1,5}\.\d)",
)
_NAME: Final = r"(?P<LIBRARY>[A-Za-z_@][\w.\-]{0,60}(?:/[\w.\-]{1,60}){0,3})"
#: Word (in lower case) to what may follow it.
PHRASES: Final = {
    "module": r"(?i:module)(?: named)? [\"'`]" + _NAME + r"[\"'`]",
    "package": r"(?i:package)(?: named)?:? [\"'`]" + _NAME + r"[\"'`]",
    "library": r"(?i:library)(?: named)? [\"'`]" + _NAME + r"[\"'`]",
    "gem": r"(?i:gem) [\"'`]" + _NAME + r"[\"'`]",
    "import": r"import (?P<LIBRARY>[a-z][\w]{1,40}(?:\.[a-z_]\w{0,40}){0,6})(?= as |;|\s*$|\n)",
}
