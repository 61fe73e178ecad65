"""Windows: the text of an event as the Event Viewer copies it, and the component logs (CBS, DISM)."""

import re
from typing import Final

from models.text.formats.head import DIGITS, Head, Reader, layouts, level_of
from models.text.times import NO_TIME, Times

NAME: Final = "windows"

_FIELD: Final = re.compile(r"(Log Name|Source|Date|Event ID|Task Category|Level|Keywords|User|Computer):\s{0,20}(.{0,400})")
_END: Final = "Event Xml:"


def opens(text: str) -> bool:
    return text.startswith("Log Name:")


def event_of(texts: list[str], times: Times) -> Head:
    """The head of an event's lines, from "Log Name:" to its description."""
    fields: dict[str, str] = {}
    description: list[str] = []
    for at, text in enumerate(texts):
        if text.startswith("Description:"):
            description = [text.removeprefix("Description:").strip(), *texts[at + 1:]]
            break
        found = _FIELD.match(text)
        if found:
            fields[found[1]] = found[2].strip()
    if _END in description:
        description = description[: description.index(_END)]
    message = "\n".join(description).strip() or f"event {fields.get('Event ID', 'without a number')}"
    stamp = times.read(fields["Date"]) if fields.get("Date") else NO_TIME
    return Head(message, stamp, level_of(fields.get("Level", "")), fields.get("Source", ""), fields.get("Computer", ""),
                fields.get("Log Name", ""), complete=True, format=NAME)


READERS: Final[tuple[Reader, ...]] = (
    layouts(NAME, DIGITS, r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d), (?P<level>Info|Warning|Error|Perf) {1,24}"
            r"(?:(?P<logger>[A-Z]{2,12}) {1,8})?", ""),
)
