"""POST /cascade: what breaks next, from the store's errors or from those that are sent."""

import json
from typing import Annotated, Any

from fastapi import Depends
from pydantic import ConfigDict, Field

from app.api.requests import StoredId, Strict, Time
from app.bootstrap import Services, services
from app.domain import InvalidInput
from app.services import cascade_answers
from app.services.cascade import LOOK_BACK, PASTED

Parts = Annotated[Services, Depends(services)]
EXAMPLE: dict[str, Any] = {
    "events": [
        {"time": 1772442845, "service": "orders", "level": "error", "text": "connection refused: orders-db:5432"},
        {"time": 1772443000, "service": "orders", "level": "error", "text": "database timeout after 30000 ms"},
        {"time": 1772443272, "service": "orders", "level": "critical", "text": "OutOfMemoryError: Java heap space"},
    ]
}


class EventIn(Strict):
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    time: Time | None = None
    service: Annotated[str, Field(max_length=200)] = ""
    level: Annotated[str, Field(max_length=40)] = ""


class CascadeRequest(Strict):
    """Either `events`, a sequence that is not stored, or the store's own errors up to `at` (the newest by default)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE, {"recent": 60}, {}]})

    events: Annotated[list[EventIn] | None, Field(max_length=PASTED)] = None
    at: Annotated[Time | None, Field(description="UTC seconds; errors after it are not read")] = None
    recent: Annotated[
        float, Field(gt=0, le=LOOK_BACK / 60, description="minutes before `at` whose errors are read")
    ] = LOOK_BACK / 60


class MinutesOut(Strict):
    """Until the failure; 90 % lie between low and high."""

    low: float
    median: float
    high: float


class NextOut(Strict):
    title: str
    probability: float
    issue: int | None
    minutes: Annotated[float | None, Field(description="the median wait for it, as seen in the errors before")]


class StepOut(Strict):
    time: float
    service: str
    level: str
    title: str
    attention: float


class CascadeAnswer(Strict):
    at: float
    model: str
    sentence: str
    forecastable: bool
    reason: str
    probability: Annotated[float, Field(description="that a service fails within 30 minutes")]
    service: str
    failing_already: Annotated[list[str], Field(description="services that logged something critical in the last minutes")]
    minutes: MinutesOut | None
    hazard: Annotated[list[float], Field(description="per minute, given that none failed before")]
    incident: dict[str, float]
    next_errors: list[NextOut]
    steps: list[StepOut]
    notes: list[str]


def cascade(request: CascadeRequest, parts: Parts) -> CascadeAnswer:
    if request.events is not None:
        lines = [
            json.dumps(
                {"message": event.text, "time": event.time, "service": event.service, "level": event.level},
                ensure_ascii=False,
            )
            for event in request.events
        ]
        outlook = parts.cascade.from_text("\n".join(lines))
    else:
        stored = parts.cascade.outlook(request.at, look_back=request.recent * 60, keep=request.recent * 60 == LOOK_BACK)
        if stored is None:
            raise InvalidInput("no error is stored of that time: send events, or store some first")
        outlook = stored
    return CascadeAnswer(**cascade_answers.of_outlook(outlook))


class FollowerOut(Strict):
    issue: int
    title: str
    times: Annotated[int, Field(description="occurrences after which it began within 30 minutes")]
    share: float
    usual_share: Annotated[float, Field(description="of other moments that it begins after")]
    minutes: Annotated[float, Field(description="the median wait")]


class CameOut(Strict):
    issue: int
    title: str
    minutes: float


class FollowingAnswer(Strict):
    occurrences: Annotated[int, Field(description="that were looked at, the newest")]
    followers: Annotated[list[FollowerOut], Field(description="begin after it more often than chance lets them, the surest first")]
    after_the_newest: Annotated[list[CameOut], Field(description="what came after the newest one, the soonest first")]


def following(issue_id: StoredId, parts: Parts) -> FollowingAnswer:
    """By what began within 30 minutes of its earlier occurrences; fewer than three show no habit."""
    return FollowingAnswer(**cascade_answers.of_following(parts.following.after(issue_id)))
