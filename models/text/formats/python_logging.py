"""Python's logging in its usual layouts, among them oslo, loguru, Flask, gunicorn, Celery and Airflow."""

from typing import Final

from models.text.formats.head import BRACKET, CAPITALS, DIGITS, Reader, layouts

NAME: Final = "python"

_LEVEL: Final = r"(?P<level>DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL|TRACE|SUCCESS|AUDIT|NOTSET)"
_TIME: Final = r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?)"
_NAME: Final = r"(?P<logger>[\w.\-/]{1,200})"

READERS: Final[tuple[Reader, ...]] = (
    layouts(NAME, CAPITALS, "", rf"{_LEVEL}:(?P<logger>[\w.\-/]{{0,200}}):"),
    layouts(
        NAME, DIGITS, _TIME,
        rf" - {_NAME} - {_LEVEL} - ",
        rf" - {_LEVEL} - (?:{_NAME} - )?",
        rf" \d{{1,10}} {_LEVEL} {_NAME} (?:\[[^\]\n]{{0,400}}\] ?)?",  # oslo: process, level, logger, [request ids]
        rf" \| {_LEVEL} {{1,8}}\| (?P<logger>[\w.]{{1,200}}):[\w<>]{{1,100}}:\d{{1,7}} - ",  # loguru
        rf" \[{_LEVEL}\] {_NAME}: ",
        rf" {_LEVEL} {{1,4}}{_NAME}: ",
    ),
    layouts(
        NAME, BRACKET, rf"\[{_TIME}",
        rf"\] {_LEVEL} in {_NAME}: ",  # Flask
        rf"\] \[\d{{1,10}}\] \[{_LEVEL}\] ",  # gunicorn
        rf": {_LEVEL}/(?P<logger>[\w\-:]{{1,100}})\] ",  # Celery
        rf"\] \{{(?P<logger>[\w.]{{1,200}}):\d{{1,7}}\}} {_LEVEL} - ",  # Airflow
    ),
)
