"""Drift in words and as JSON, the same on the page, through REST and on the command line."""

from typing import Any

from app.services.drift import DriftMonitor, Look, Loss, in_words
from models.taxonomy import CATEGORIES

TOO_LITTLE = "Too little is stored to tell whether anything has moved: thirty kinds of errors before and now are needed."


def sentence(look: Look | None, loss: Loss | None) -> str:
    """The answer first: what moved, and what that did to accuracy."""
    if look is None:
        said = TOO_LITTLE
    elif not look.moved:
        said = f"Nothing has moved: the newest {look.rows} kinds of errors are like the {look.reference_rows} before them."
    else:
        words = "; ".join(in_words(look))
        said = f"What comes in has changed: {words}."
    if loss is not None and loss.alarm:
        said += f" The reader lost {loss.points:.0f} points on the audit sample ({loss.before.value:.0%} to {loss.now.value:.0%})."
    return said


def of_monitor(monitor: DriftMonitor) -> dict[str, Any]:
    look, loss = monitor.look(), monitor.loss()
    return {
        "sentence": sentence(look, loss),
        "moved": bool(look and look.moved),
        "window": _window(look) if look else None,
        "examples": [{"id": issue.id, "title": issue.title} for issue in look.examples] if look else [],
        "accuracy": {
            "before": round(loss.before.value, 4), "now": round(loss.now.value, 4), "labels": loss.now.n, "alarm": loss.alarm,
        } if loss else None,
    }  # fmt: skip


def _window(look: Look) -> dict[str, Any]:
    return {
        "since": look.since,
        "until": look.until,
        "kinds_of_errors": look.rows,
        "kinds_before": look.reference_rows,
        "embedding_p": round(look.embedding.p_value, 4),
        "categories_p": round(look.shares.p_value, 4),
        "never_seen_p": round(look.new_p, 4),
        "never_seen": {"before": round(look.new[0], 4), "now": round(look.new[1], 4)},
        "categories": {
            CATEGORIES[place]: {"before": round(before, 4), "now": round(now, 4)} for place, before, now in look.shares.changes
        },
    }
