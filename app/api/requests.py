"""What callers send."""

from typing import Annotated, Any, Literal

from fastapi import Header, Path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from app.domain import STATUSES, Statement
from app.storage.issues import IssueFilter
from models.taxonomy import CATEGORIES, SEVERITIES

Kind = Literal[Statement, "undo"]
#: An id that the store can hold.
Id = Annotated[int, Field(ge=0, le=2**63 - 1)]
RequestKey = Annotated[
    str | None, Header(min_length=1, max_length=200, description="names this request: sent again, nothing is stored twice")
]
StoredId = Annotated[int, Path(ge=0, le=2**63 - 1)]
#: In a body, where a number is a number; and in a query, where all is text.
Time = Annotated[float, Field(strict=True, allow_inf_nan=False, description="UTC seconds since the epoch")]
AskedTime = Annotated[float, Field(allow_inf_nan=False, description="UTC seconds since the epoch")]


def bodies(schemas: dict[str, dict[str, Any]], *, required: bool = True) -> dict[str, Any]:
    """For the description of a route that reads its body itself: media type to JSON schema."""
    return {"requestBody": {"required": required, "content": {media: {"schema": schema} for media, schema in schemas.items()}}}


class Strict(BaseModel):
    """Unknown fields are refused: a misspelt field must not pass as a default."""

    model_config = ConfigDict(extra="forbid")


class AnalyseRequest(Strict):
    text: Annotated[str, Field(description="one error: a line, a stack trace or a JSON event", pattern=r"\S")]


class EventsQuery(Strict):
    """Beside log text that is sent as text/plain."""

    name: Annotated[
        str, Field(description="how the upload is listed; a file name also names the service", max_length=200)
    ] = "REST"
    format: Annotated[str, Field(description="auto, or the name of a format", max_length=40)] = "auto"
    actor: Annotated[str, Field(description="who sends it", min_length=1, max_length=100)] = "api"


class EventsRequest(EventsQuery):
    text: Annotated[str, Field(description="log text of any length up to the upload limit; many errors at once")]


class FeedbackRequest(Strict):
    key: Annotated[
        str, Field(min_length=1, max_length=200, description="names this statement; sent twice, it is stored once")
    ]
    issue: Id
    kind: Kind
    actor: Annotated[str, Field(min_length=1, max_length=100)]
    answer: Annotated[dict[str, Any], Field(description='for example {"action": "restart_service"}')] = {}


class RemovalQuery(Strict):
    key: Annotated[
        str, Field(min_length=1, max_length=200, description="names this removal; sent twice, it is done once")
    ]
    actor: Annotated[str, Field(min_length=1, max_length=100)] = "api"


class PurgeRequest(Strict):
    secret: Annotated[SecretStr, Field(max_length=10_000, description="the exact text; several lines are taken out line by line")]
    key: Annotated[
        str, Field(min_length=1, max_length=200, description="names this purge; sent twice, it is done once")
    ]
    actor: Annotated[str, Field(min_length=1, max_length=100)] = "api"


class SearchQuery(Strict):
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    top_k: Annotated[int, Field(ge=1, le=100)] = 5
    threshold: Annotated[float, Field(ge=-1, le=1, description="smallest cosine")] = 0.5


class AnomaliesQuery(Strict):
    at_least: Annotated[float, Field(ge=0, le=1, description="smallest strangeness")] = 0.95
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    since: Annotated[float | None, Field(description="UTC seconds; findings from then on, all by default")] = None


class IssuesQuery(Strict):
    """Filters of the Inbox; each may be left out, and those that are lists may be given several times."""

    text: Annotated[str, Field(max_length=1_000)] = ""
    severity: list[str] = []
    category: list[str] = []
    status: list[str] = []
    service: Annotated[list[str], Field(max_length=100)] = []
    upload: Id | None = None
    since: AskedTime | None = None
    until: AskedTime | None = None
    muted: bool = False
    routine: bool = False
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    offset: Id = 0

    @field_validator("severity", "category", "status")
    @classmethod
    def _known(cls, values: list[str], info: Any) -> list[str]:
        words = {"severity": SEVERITIES, "category": CATEGORIES, "status": STATUSES}[info.field_name]
        unknown = sorted(set(values).difference(words))
        if unknown:
            raise ValueError(f"unknown {info.field_name} {', '.join(unknown)}; one of {', '.join(words)}")
        return values

    def filter(self) -> IssueFilter:
        return IssueFilter(
            text=self.text,
            severities=tuple(self.severity),
            categories=tuple(self.category),
            statuses=tuple(self.status),
            services=tuple(self.service),
            upload_id=self.upload,
            since=self.since,
            until=self.until,
            muted=self.muted,
            routine=self.routine,
        )
