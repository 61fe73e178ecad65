"""The frames of stack traces in every language that `models.text.traces` reads, found in the running text.

Other than there a frame need not begin its line: prefixes of a logger, of compose or of syslog may stand before it, and
a trace may lie in one line of a JSON string. What each part of a frame is follows from its place in it.
"""
# ruff: noqa: E501 - a pattern is read as a whole

import re
from typing import Final, NamedTuple

from models.text.entities.entity import Entity, labelled_groups, of_match


class Layout(NamedTuple):
    """One layout of frames. Texts without one of the `marks` hold none, which spares them the search."""

    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    groups: tuple[tuple[int, str], ...]


def _layout(marks: tuple[str, ...], pattern: str) -> Layout:
    compiled = re.compile(pattern, re.MULTILINE)
    return Layout(marks, compiled, labelled_groups(compiled))


#: Earlier layouts have the first word: what they cover is not looked at again.
LAYOUTS: Final = (
    # at java.base/com.shop.Cart$Item.add(Cart.java:42) ~[shop-1.2.jar:?]
    _layout(
        ("at ",),
        r"at (?:[\w.@\-]{0,100}/){0,2}(?P<CLASS>[A-Za-z_$][\w$.]{0,400}(?:/(?:0x)?[0-9a-f]{1,16})?)\.(?P<FUNCTION>[\w$\-]{1,200}|<(?:cl)?init>)"
        r"\((?:Native Method|Unknown Source|<generated>|(?P<FILE>[\w$.\-]{1,200}\.[A-Za-z]\w{0,9})?(?::(?P<LINE>\d{1,9})|:-\d)?)\)"
        r"(?: ~?\[(?P<LIBRARY>[\w.\-+]{1,200}\.jar)(?=[:!\]]))?",
    ),
    # File "/srv/cart.py", line 42, in add
    _layout(
        ('File "', 'File \\"'),
        r"File \\?\"(?P<FILE>[^\"\\\n]{1,400})\\?\", line (?P<LINE>\d{1,9})(?:, in (?:(?P<FUNCTION>[A-Za-z_][\w.]{0,200}(?:\.<\w{1,20}>\.[\w.]{1,100})?)|<\w{1,20}>))?",
    ),
    # at async Cart.add [as pay] (/srv/cart.js:42:9), at /srv/cart.js:42:9, at Array.map (<anonymous>)
    _layout(
        (":1", ":2", ":3", ":4", ":5", ":6", ":7", ":8", ":9", "<anonymous>", "(native)"),
        r"\bat (?:async )?(?:(?P<FUNCTION>(?:new )?[\w$.<>#/]{1,200}(?: [gs]et [\w$]{1,60})?)(?: \[as [^\]\n]{1,100}\])? )?"
        r"\((?:(?P<FILE>(?:file://|https?://|node:|webpack:|[A-Za-z]:\\)?[^\s:()\"]{1,400}(?::\d{1,5}/[^\s:()\"]{1,300})?):(?P<LINE>\d{1,9}):\d{1,9}|<anonymous>|native)\)"
        r"|\bat (?:async )?(?P<FILE2>(?:file://|https?://|node:|webpack:|[A-Za-z]:\\)?[^\s:()\"]{1,400}(?::\d{1,5}/[^\s:()\"]{1,300})?(?<!\.rs)):(?P<LINE2>\d{1,9}):\d{1,9}\b",
    ),
    # pay@https://shop.example/app.js:10:5
    _layout(
        ("@",),
        r"^(?P<FUNCTION>[\w$.</*\[\]]{1,200})?@(?P<FILE>(?:https?|file|webpack|moz-extension)://[^\s@]{1,400}?):(?P<LINE>\d{1,9}):\d{1,9}$",
    ),
    # at Shop.Cart.Add(Item item) in C:\src\Cart.cs:line 42
    _layout(
        ("at ",),
        r"(?:(?<=[ \t]{2})|(?<=\t)|(?<=\| )|(?<=\\n)|^)at (?P<CLASS>[A-Za-z_<][\w<>`|$+&,\[\]]{0,200}(?:\.[\w<>`|$+&,\[\]]{1,200}){0,20})\."
        r"(?P<FUNCTION>\.?[A-Za-z_<][\w<>`|]{0,100}(?:\[[\w,.]{1,100}\])?)\([^()\n]{0,1000}\)(?: in (?P<FILE>(?:[A-Za-z]:)?[^\n:]{1,400}):line (?P<LINE>\d{1,9}))?",
    ),
    # main.(*Cart).Add(0xc000012345, 0x3)\n\t/srv/cart.go:42 +0x1d
    _layout(
        (".go:", ".s:"),
        r"(?:(?:created by )?(?:[\w.\-~]{1,100}/){0,10}[\w\-]{1,100}\.(?:(?P<FUNCTION>(?:\(\*?[\w\[\].]{1,100}\)\.)?[\w.\-\[\]]{1,200})(?:\([^\n]{0,600}\))?)(?: in goroutine \d{1,12})?\n)?"
        r"[ \t]{1,8}(?P<FILE>(?:[A-Za-z]:)?[^\s:()]{1,400}\.(?:go|s)):(?P<LINE>\d{1,9})",
    ),
    # main.(*Cart).Add(0xc000012345, ...): the place is in a line of its own, behind a prefix
    _layout(
        ("(0x", "(...)", "(*", "({0x"),
        r"(?<![\w/.])(?:[\w.\-~]{1,100}/){0,10}[\w\-]{1,100}\.(?P<FUNCTION>\(\*[\w\[\].]{1,100}\)\.[\w.\-]{1,200}|[\w.\-]{1,200}(?=\((?:\{?0x|\.\.\.\))))",
    ),
    # /srv/cart.rb:42:in `block in Cart#add': no stock (Shop::NoStock)
    _layout(
        (":in ",),
        r"(?P<FILE>[^\s:()'\"`]{1,400}):(?P<LINE>\d{1,9}):in [`'‘](?:(?:block|rescue|ensure)(?: \(\d{1,4} levels\))? in ){0,4}"
        r"(?:<[\w: ]{1,60}>|(?P<FUNCTION>[^'’\n<>]{1,200}))['’](?:: [^\n]{0,600}?\((?P<EXCEPTION>[A-Z]\w{0,60}(?:::[A-Z]\w{0,60}){0,8})\)$)?",
    ),
    # #0 /srv/Order.php(10): Shop\Cart->add('tea')
    _layout(
        (".php(", "[internal function]"),
        r"#\d{1,5} (?:\[internal function\]|(?P<FILE>[^\s:()]{1,400})\((?P<LINE>\d{1,9})\)): (?:\{main\}|(?:(?P<CLASS>\\?[A-Za-z_][\w\\]{0,200})(?:->|::))?(?P<FUNCTION>[A-Za-z_\\][\w\\]{0,200}(?:\{closure\})?)\()",
    ),
    # 2: shop::cart::add\n             at ./src/cart.rs:42:9; thread 'main' panicked at src/main.rs:10:5
    _layout(
        (".rs:",),
        r"(?:(?<=[ \t])\d{1,4}: (?:0x[0-9a-f]{1,16} - )?(?:<?[\w<>&$., \[\]{}*]{1,100}::){0,12}(?:\{\{?closure\}?\}|(?P<FUNCTION>[A-Za-z_]\w{0,100}))(?:::h[0-9a-f]{16})?\n)?"
        r"[ \t]{1,40}at (?P<FILE>[^\s:]{1,400}\.rs):(?P<LINE>\d{1,9})(?::\d{1,9})?"
        r"|panicked at (?:'[^\n]{0,600}', )?(?P<FILE2>[^\s:']{1,400}\.rs):(?P<LINE2>\d{1,9})",
    ),
    # 1: core::panicking::panic_fmt, alone in its line
    _layout(
        ("stack backtrace",),
        r"(?<=[ \t])\d{1,4}: (?:0x[0-9a-f]{1,16} - )?(?:[\w<>&]{1,100}::){0,12}(?P<FUNCTION>[A-Za-z_]\w{1,100})(?:::h[0-9a-f]{16})?$",
    ),
    # #0 0x4b3a10 in add(int) /src/cart.c:42:5; #2 0x7f12a3 (/lib/libc.so.6+0x29d8f)
    _layout(
        (" 0x",),
        r"#\d{1,5} {1,3}0x[0-9a-f]{1,16}(?: in (?P<FUNCTION>[A-Za-z_~][\w:~<>]{0,200}(?:\([^()\n]{0,200}\)(?: const)?)?)(?= |$))?"
        r"(?: (?P<FILE>/[^\s:()]{1,400}|[\w./\-]{1,200}\.(?:c|h|cc|cpp|cxx|hpp)):(?P<LINE>\d{1,9})(?::\d{1,9})?| \((?P<LIBRARY>[^\s()+]{1,400})\+0x[0-9a-f]{1,16}\)"
        r"| \([^()\n]{0,600}\)(?: at (?P<FILE2>[^\s:]{1,400}):(?P<LINE2>\d{1,9})| from (?P<LIBRARY2>\S{1,400}))?)?",
    ),
    # #1  main () at main.c:10; 0x0055 in add (item=0x0) at cart.c:42
    _layout(
        (" at ", " from "),
        r"(?:#\d{1,5} {1,3}|0x[0-9a-f]{1,16} in )(?P<FUNCTION>[A-Za-z_~][\w:~<>]{0,200}) \([^()\n]{0,600}\) (?:at (?P<FILE>[^\s:]{1,400}):(?P<LINE>\d{1,9})|from (?P<LIBRARY>\S{1,400}))",
    ),
)

#: Names that every frame may carry and that name nothing.
_NAMELESS: Final = frozenset(("<anonymous>", "<module>", "<main>", "{main}", "<unknown>"))


def frames(text: str) -> tuple[list[Entity], list[tuple[int, int]]]:
    """What the frames name, and the stretches of text that they cover; both in no certain order."""
    found: list[Entity] = []
    covered: list[tuple[int, int]] = []
    rest = text
    for layout in LAYOUTS:
        if not any(mark in rest for mark in layout.marks):
            continue
        spans = [match.span() for match in layout.pattern.finditer(rest) if _take(match, layout, found)]
        if spans:
            covered += spans
            rest = _blanked(rest, spans)
    return found, covered


def _take(match: re.Match[str], layout: Layout, found: list[Entity]) -> bool:
    before = len(found)
    found.extend(
        entity for entity in of_match(match, layout.groups) if match.string[entity.start : entity.end] not in _NAMELESS
    )
    return len(found) > before


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with the spans replaced by as many blanks, line ends kept: offsets stay, and no later layout reads them."""
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        inside = text[start:end]
        pieces += (
            text[at:start],
            "\n".join("\x00" * len(line) for line in inside.split("\n")) if "\n" in inside else "\x00" * len(inside),
        )
        at = end
    return "".join((*pieces, text[at:]))
