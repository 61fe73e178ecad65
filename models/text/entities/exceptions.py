"""Names of exceptions, as every language spells them."""
# ruff: noqa: E501 - a pattern is read as a whole

from typing import Final

_END: Final = r"(?:Exception|Error|Throwable)"
#: Exceptions that do not end like one.
_KNOWN: Final = (
    r"KeyboardInterrupt|SystemExit|StopIteration|StopAsyncIteration|GeneratorExit|ExceptionGroup|BaseException|DoesNotExist|ObjectDoesNotExist|"
    r"MultipleObjectsReturned|ConnectTimeout|ReadTimeout|ConnectionResetByPeer|DeadlineExceeded|RecordNotFound|RecordInvalid|NoMethodError|"
    r"DeprecationWarning|RuntimeWarning|UserWarning|FutureWarning|ResourceWarning"
)
PATTERNS: Final = (
    # java.io.IOException, com.shop.Cart$EmptyException, requests.exceptions.ConnectionError, Shop::NoStockError, Shop\NoStockException, System.IO.IOException
    r"(?<![\w.$\\:/])(?P<EXCEPTION>(?:[A-Za-z_][\w$]{0,80}(?:\.|::|\\)){0,15}[A-Z][\w$]{0,100}?"
    + _END
    + r"(?:\$\w{1,60})?)(?![\w(/$]|\.[A-Za-z_]|::|\\\w)",
    r"(?<![\w.$\\:/])(?P<EXCEPTION2>(?:[A-Za-z_]\w{0,80}\.){0,10}(?:" + _KNOWN + r"))(?![\w(/$]|\.[A-Za-z_])",
)
