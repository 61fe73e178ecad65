"""Log4j, Logback and their kin: Spring Boot, Hadoop, HDFS, Spark, Kafka, Elasticsearch, Tomcat, Cassandra, ZooKeeper."""

from typing import Final

from models.text.formats.head import BRACKET, CAPITALS, DIGITS, LEVEL, Head, Reader, layouts
from models.text.times import Times

NAME: Final = "log4j"

_FULL: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_TIME: Final = (rf"(?P<time>{_FULL}|\d\d:\d\d:\d\d(?:[.,]\d{{1,6}})?|\d\d/\d\d/\d\d \d\d:\d\d:\d\d|\d{{6}} \d{{6}}"
                r"|\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:[.,]\d{1,6})?)")
_WORD: Final = rf"(?P<level>{LEVEL})"
_LEVEL: Final = rf"\[?{_WORD}\s{{0,6}}\]?"
_THREAD: Final = r"\[[^\]\n]{0,200}\]"
_CLASS: Final = r"(?P<logger>[\w.$/@\-]{1,200})"
_DOTTED: Final = r"(?P<logger>[\w$\-]{1,100}(?:[.$][\w$\-]{1,100}){1,20})"
#: Logback's MDC in brackets may stand between the class and the message.
_MDC: Final = r"(?: \[[^\]\n]{0,300}\]){0,2}"
#: Spring Boot names the application or a trace id in brackets of their own.
_SPRING: Final = (
    rf" {{1,4}}{_LEVEL} {{1,4}}(?:\[[^\]\n]{{0,200}}\] )?\d{{1,10}} --- "
    rf"(?:\[(?P<service>[^\]\n]{{1,100}})\] (?=\[))?{_THREAD} {{1,2}}(?:\[[^\]\n]{{0,200}}\] )?"
    r"(?P<logger>[\w.$/\-\[\]]{1,200}) {0,60}: "
)


def _kafka(line: str, times: Times) -> Head | None:
    """[2026-01-02 03:04:05,678] ERROR text (kafka.server.ReplicaManager)"""
    head = _KAFKA.read(line, times)
    if head is None or not head.message.endswith(")"):
        return None
    text, opening, logger = head.message[:-1].rpartition(" (")
    if not opening or "." not in logger or " " in logger:
        return None
    return head._replace(message=text, logger=logger)


_KAFKA: Final = layouts(NAME, BRACKET, rf"\[{_TIME}\] {_LEVEL} ", "")

READERS: Final[tuple[Reader, ...]] = (
    layouts(
        NAME, DIGITS, _TIME,
        _SPRING,
        rf" {{1,4}}{_LEVEL} {{1,4}}{_THREAD} {{1,4}}{_CLASS}{_MDC}(?: ?:| -) ?",
        rf" {{1,4}}{_THREAD} {{1,4}}{_LEVEL} {{1,4}}{_CLASS}{_MDC}(?: ?:| -) ?",
        rf" {{1,4}}(?:\d{{1,8}} )?{_LEVEL} {{1,4}}{_DOTTED}(?::| -) ?",
        rf" - {_LEVEL} {{1,4}}\[[^\n]{{0,200}}?(?P<logger>[\w$]{{1,100}})@\d{{1,6}}\] - ",  # ZooKeeper
        rf" {_LEVEL} {_THREAD} {_DOTTED} ",  # Tomcat
    ),
    layouts(  # Elasticsearch, with the node
        NAME, BRACKET, rf"\[{_TIME}\]",
        rf"\s?\[{_WORD}\s{{0,4}}\]\s?\[(?P<logger>[^\]\n]{{1,200}})\]\s?(?:\[(?P<host>[^\]\n]{{1,100}})\] )?",
    ),
    Reader(NAME, BRACKET, _kafka, leveled=True),
    layouts(  # Cassandra
        NAME, CAPITALS, rf"{_WORD} {{1,4}}{_THREAD} (?P<time>{_FULL}) (?P<logger>[\w$.]{{1,100}}):\d{{1,6}} - ", "",
    ),
)
