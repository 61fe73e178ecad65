"""Names of a program's own: calls, methods, classes, variables, by their form or by the words around them."""
# ruff: noqa: E501 - a pattern is read as a whole

from typing import Final

_ID: Final = r"[A-Za-z_$][\w$]{0,80}"
#: Names with an inner mark, which no word of prose has.
_MARKED: Final = r"(?:[a-z_][a-z0-9]{0,40}(?:_[A-Za-z0-9]{1,40}){1,8}_{0,2}|[a-z]{1,40}(?:[A-Z][a-z0-9]{1,40}){1,8}|[A-Z][a-z0-9]{1,40}(?:[A-Z][a-z0-9]{0,40}){1,8})"
PATTERNS: Final = (
    # cart.py's "total()", self.items.get(key), Cart::add(), Shop\Cart->pay()
    r"(?<![\w$])(?P<FUNCTION>(?!function\()(?:(?:\$|@)?" + _ID + r"(?:\.|::|->|\\|#)){0,8}~?" + _ID + r"[!?]?\(\))",
    r"(?<![\w$.])(?:(?:\$|@)?" + _ID + r"(?:\.|::|->)){0,8}(?P<FUNCTION2>" + _MARKED + r")(?=\()",
    # f.s.FoodServiceImpl#302, o.a.c.c.C.[.[.[.[dispatcherServlet]#175
    r"(?<![\w.$])(?P<CLASS>(?:[a-z]\w{0,40}\.){1,12}[A-Z][\w$]{0,80})#(?P<LINE>\d{1,6})(?!\w)",
    r"(?:[a-z]\w{0,40}\.){1,12}C\.(?:\[\.){1,6}\[\w{1,60}\]#(?P<LINE2>\d{1,6})(?!\w)",
    r"(?<![\w.$])(?P<CLASS2>(?:[a-z]\w{0,40}\.){1,12}[A-Z][\w$]{0,80})#(?P<FUNCTION3>[a-z]\w{1,80})",
    # $responses, self.items, this.total, __createdAt, @count
    r"(?<![\w$])(?P<VARIABLE>\$[A-Za-z_]\w{0,60}(?:->\w{1,60}){0,3})(?![\w(])",
    r"(?<![\w$.])(?P<VARIABLE2>(?:self|this|cls)\.[A-Za-z_]\w{0,60})(?![\w(.])",
    # DATABASE_URL, user_id
    r"(?<![\w$./\\@:\-])(?P<VARIABLE3>[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8})(?![\w(./\\\-]|::)",
    r"(?<![\w$./\\@:\-])(?P<VARIABLE4>_{0,2}[a-z][a-z0-9]{0,30}(?:_[a-z0-9]{1,30}){1,8})(?![\w(./\\\-]|::)",
    # name=value, key: only the name
    r"(?<![\w$./\\@:\-&?])(?P<VARIABLE5>[A-Za-z_][\w]{1,40}(?:\.[a-z]\w{0,40}){0,4})(?==[^=\s>])",
)
_QUOTED: Final = r" [\"'`‘“]{1,2}(?P<%s>[A-Za-z_$][\w$.\-]{0,80}(?:\(\))?)[\"'`’”]{1,2}"
_BARE: Final = r" (?:[\"'`‘“]{1,2} ?)?(?P<%s>" + _MARKED + r"(?:\(\))?)(?![\w./\-])"
_BOTH: Final = r"(?i:%s)(?:s|al)?(?: (?:name|named|called))?:?(?:" + _QUOTED + "|" + _BARE + ")"


def _named(label: str) -> str:
    return _BOTH % (r"[a-z]{1,20}", label, label + "2")


_VARIABLE: Final = _named("VARIABLE")
_FUNCTION: Final = _named("FUNCTION")
_CLASS: Final = _named("CLASS")
#: Word (in lower case) to what may follow it.
PHRASES: Final = {
    **dict.fromkeys(
        (
            "variable",
            "field",
            "column",
            "parameter",
            "argument",
            "attribute",
            "property",
            "key",
            "setting",
            "option",
            "identifier",
        ),
        _VARIABLE,
    ),
    **dict.fromkeys(("function", "method", "call", "calling", "procedure", "test"), _FUNCTION),
    **dict.fromkeys(
        ("class", "interface", "bean"),
        _CLASS + r"|(?i:class)(?:es)?:? (?P<CLASS3>(?:[a-z][a-z0-9_]{0,40}\.){1,12}[A-Z][\w$]{1,100})(?!\w)",
    ),
    **dict.fromkeys(
        (
            "java.lang.classnotfoundexception",
            "java.lang.noclassdeffounderror",
            "classnotfoundexception",
            "noclassdeffounderror",
        ),
        r"[\w.]{1,60}: (?P<CLASS>(?:[a-z][a-z0-9_]{0,40}[./]){1,12}[A-Z][\w$]{1,100})(?!\w)",
    ),
}
#: After an id of a request a logger names the function in brackets: "SpanID: 37b1a151 [getAllFood][…]".
AFTER_ID: Final = r"(?i:span_?id|trace_?id)[ :=]{1,3}[0-9a-f]{8,40} \[(?P<FUNCTION>[a-z]\w{2,60})\]"
