"""JSON shapes of the answers: one place, so that REST and the command line cannot drift apart."""

from dataclasses import asdict
from typing import Any

from app.services.analysis import Analysis, Similar
from app.services.anomaly import Finding
from app.services.inbox import InboxPage, IssueDetail
from app.services.ner import texts_of
from app.services.suggestions import Suggestion
from app.storage.issues import Issue
from app.storage.uploads import Upload
from models.records import Event, Reading
from models.taxonomy import CATEGORIES, SEVERITIES


def of_analysis(analysis: Analysis, not_sure_below: float) -> dict[str, Any]:
    """The whole answer about one error; scores in [0, 1], times in UTC seconds or ms as named."""
    examined = analysis.examined
    return {
        "severity": analysis.judgement.severity,
        "severity_reason": analysis.judgement.why,
        **_of_reading(examined.reading, not_sure_below),
        "anomaly": {"score": examined.strangeness, "model": examined.detector},
        "signature": {
            "key": examined.signature.key,
            "text": examined.signature.text,
            "version": examined.signature.version,
        },
        "event": of_event(analysis.event),
        "entities": texts_of(analysis.text, analysis.entities),
        "seen": of_issue(analysis.seen) if analysis.seen else None,
        "similar": [of_similar(item) for item in analysis.similar],
        "suggestions": [of_suggestion(item) for item in analysis.suggestions],
        "redacted": analysis.redacted,
        "milliseconds": analysis.milliseconds,
    }


def _of_reading(reading: Reading, not_sure_below: float) -> dict[str, Any]:
    return {
        "category": reading.category,
        "confidence": reading.confidence,
        "sure": reading.confidence >= not_sure_below,
        "severity_probabilities": dict(zip(SEVERITIES, reading.severity_probabilities, strict=True)),
        "category_probabilities": dict(zip(CATEGORIES, reading.category_probabilities, strict=True)),
        "evidence": [{"template": template, "similarity": similarity} for template, similarity in reading.evidence],
        "model": reading.model,
    }


def of_event(event: Event) -> dict[str, Any]:
    return {
        "time": event.time,
        "time_note": event.time_note,
        "level": event.level,
        "service": event.service,
        "host": event.host,
        "logger": event.logger,
        "format": event.format,
        "message": event.message,
        "exception_type": event.exception_type,
        "frames": [asdict(frame) for frame in event.frames],
        "problem": event.problem,
    }


def of_issue(issue: Issue) -> dict[str, Any]:
    return asdict(issue)


def of_finding(item: Finding) -> dict[str, Any]:
    """Why an issue is strange; `scores` by detector in [0, 1], `at` in UTC seconds."""
    return {
        "issue": item.issue.id,
        "title": item.issue.title,
        "service": item.issue.service,
        "kind": item.kind,
        "score": item.score,
        "reason": item.reason,
        "uses": list(item.uses),
        "at": item.at,
        "scores": item.strangeness.scores if item.strangeness else None,
    }


def of_similar(item: Similar) -> dict[str, Any]:
    return {
        "issue": item.issue.id,
        "signature": item.signature_id,
        "similarity": item.similarity,
        "reason": item.reason,
        "title": item.issue.title,
        "severity": item.issue.severity,
        "status": item.issue.status,
        "worked": item.issue.worked,
        "resolution_note": item.issue.resolution_note,
        "accepted_action": item.issue.accepted_action,
    }


def of_suggestion(item: Suggestion) -> dict[str, Any]:
    return asdict(item)


def of_upload(upload: Upload) -> dict[str, Any]:
    """Counts of an upload, with the lines per second that were reached."""
    return asdict(upload) | {"lines_per_second": round(upload.lines / upload.seconds, 1) if upload.seconds else None}


def of_page(page: InboxPage) -> dict[str, Any]:
    return {
        "total": page.total,
        "issues": [of_issue(issue) | {"trend": page.trends.get(issue.id, [])} for issue in page.issues],
        "trend_since": page.since,
        "trend_until": page.until,
    }


def of_detail(detail: IssueDetail, not_sure_below: float) -> dict[str, Any]:
    return {
        "issue": of_issue(detail.issue),
        "severity_reason": detail.judgement.why,
        "raw": detail.signature.raw,
        "entities": texts_of(detail.signature.raw, detail.entities),
        **_of_reading(detail.signature.reading, not_sure_below),
        "anomaly": {"score": detail.signature.strangeness},
        "event": of_event(detail.event),
        "signatures": [asdict(member) for member in detail.members],
        "services": dict(detail.services),
        "trend": list(detail.trend),
        "similar": [of_similar(item) for item in detail.similar],
        "suggestions": [of_suggestion(item) for item in detail.suggestions],
        "activity": [asdict(entry) for entry in detail.activity],
    }
