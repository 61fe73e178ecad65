"""Numbers of lines, where a word says that it is one."""

from typing import Final

PHRASES: Final = {
    "line": r"(?i:line)(?: (?:number|no\.?))?[ :#]{1,2}(?P<LINE>\d{1,9})(?![\w]|\.\d)",
    "lines": r"(?i:lines) (?P<LINE>\d{1,9})(?: ?(?:-|to|and) ?(?P<LINE2>\d{1,9}))?",
}
