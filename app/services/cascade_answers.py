"""A forecast as JSON, the same through REST and the command line."""

from typing import Any

from app.services.cascade import Outlook
from app.services.following import After, Follower
from models.taxonomy import INCIDENTS


def sentence(outlook: Outlook) -> str:
    """The forecast in one sentence, the answer first."""
    forecast = outlook.forecast
    if not forecast.forecastable:
        return forecast.reason
    down = " and ".join(outlook.down[:3])
    already = f"{down} {'are' if len(outlook.down) > 1 else 'is'} failing already. " if down else ""
    if forecast.minutes is None:
        another = "No further service" if down else "No service"
        return f"{already}{another} is expected to fail in the next 30 minutes (probability {forecast.probability:.0%})."
    who = forecast.service or "A service"
    low, median, high = forecast.minutes
    return (
        f"{already}{who} is expected to fail in about {max(median, 1):.0f} min ({low:.0f} to {high:.0f}), "
        f"probability {forecast.probability:.0%} within 30 min."
    )


def of_outlook(outlook: Outlook) -> dict[str, Any]:
    forecast = outlook.forecast
    return {
        "at": forecast.at,
        "model": forecast.model,
        "sentence": sentence(outlook),
        "forecastable": forecast.forecastable,
        "reason": forecast.reason,
        "probability": round(forecast.probability, 4),
        "service": forecast.service,
        "failing_already": list(outlook.down),
        "minutes": dict(zip(("low", "median", "high"), map(_rounded, forecast.minutes), strict=True))
        if forecast.minutes
        else None,
        "hazard": [round(float(value), 5) for value in forecast.hazard],
        "incident": {name: round(share, 4) for name, share in zip(INCIDENTS, forecast.incident, strict=True)},
        "next_errors": [
            {
                "title": item.title,
                "probability": round(item.probability, 4),
                "issue": item.issue.id if item.issue else None,
                "minutes": None if item.minutes is None else _rounded(item.minutes),
            }
            for item in outlook.next_errors
        ],
        "steps": [
            {
                "time": step.time,
                "service": step.service,
                "level": step.level,
                "title": title,
                "attention": round(float(weight), 4),
            }
            for step, title, weight in zip(outlook.steps, outlook.titles, forecast.attention, strict=True)
        ],
        "notes": list(outlook.notes),
    }


def _rounded(minutes: float) -> float:
    return round(minutes, 2)


def of_following(after: After) -> dict[str, Any]:
    return {
        "occurrences": after.occurrences,
        "followers": [_follower(item, after.occurrences) for item in after.followers],
        "after_the_newest": [
            {"issue": item.issue.id, "title": item.issue.title, "minutes": _rounded(item.minutes)} for item in after.last
        ],
    }


def _follower(item: Follower, occurrences: int) -> dict[str, Any]:
    return {
        "issue": item.issue.id,
        "title": item.issue.title,
        "times": item.times,
        "share": round(item.times / occurrences, 4),
        "usual_share": round(item.usual, 4),
        "minutes": _rounded(item.minutes),
    }
