"""What a replay says in words, pure: the race in one sentence, and what each moment of a lane is called."""

from typing import Final

from app.services.replay import Film
from app.services.replay_lanes import FALSE_ALARM, OPEN, RIGHT, Hit, Warned
from app.storage.forecasts import FAILURE
from components.plain import clock, count, one_line

#: Outcome of a warning to its sign: never by colour alone.
SIGN: Final = {RIGHT: "▲", FALSE_ALARM: "△", OPEN: "…"}
MEANING: Final = (
    f"A service fails with its {FAILURE}th critical or high error in one minute, after ten minutes without; then users are hit. "
    "A warning is right if a failure came within the 30 minutes that a forecast speaks of; else it is a false alarm and stays here."
)
TODAY: Final = (
    "Each moment is made of the errors before it. As known today are only: which services call each other, how severe an issue "
    "is, and its title."
)


def time_of(at: float, zone: str, like: float | None = None) -> str:
    """ "02:14", with the date where it is not that of `like`."""
    said = clock(at, zone)
    same = like is not None and clock(like, zone)[:10] == said[:10]
    return said[11:16] if same else said[:16]


def headline(film: Film, zone: str) -> str:
    """The race in one sentence: who was first, and by how many minutes."""
    hits, silent = film.lanes.hits, _silent(film)
    if not hits:
        number = len(film.lanes.warnings)
        said = f"StackLens warned {count(number, 'time')}" if number else "StackLens did not warn"
        return f"Nobody was hit in this range, and {silent or said}."
    first = hits[0]
    hit = f"users were hit {time_of(first.at, zone, film.span.until)} ({one_line(first.service, 60)})"
    if first.lead is None:
        return f"{hit[0].upper()}{hit[1:]}, and {silent or 'nothing had warned of it'}."
    warned = time_of(first.warned_at or 0.0, zone, film.span.until)
    return f"{minutes(first.lead)} ahead: StackLens warned {warned}, {hit}."


def _silent(film: Film) -> str:
    """Why there was no forecast at any moment; "" where there was one."""
    known = [frame.forecast for frame in film.frames if frame.forecast is not None]
    if any(one.forecastable for one in known):
        return ""
    return "StackLens had said that it cannot forecast here" if known else "there was no forecast"


def others(film: Film) -> str:
    """What the sentence leaves out: the other failures and the false alarms, by number."""
    hits, lanes = film.lanes.hits, film.lanes
    warned = sum(hit.warned_at is not None for hit in hits)
    said = [f"Warned of {warned} of {count(len(hits), 'failure')}."] if hits else []
    if not _silent(film):
        said.append(f"{count(lanes.false_alarms, 'false alarm')}." if lanes.false_alarms else "No false alarm.")
        standing = sum(frame.forecast is not None and frame.forecast.minutes is not None for frame in film.frames)
        unable = sum(frame.forecast is not None and not frame.forecast.forecastable for frame in film.frames)
        if unable:
            said.append(f"No forecast was possible at {unable} of {count(len(film.frames), 'moment')}.")
        said.append(f"A warning stood at {standing} of {count(len(film.frames), 'moment')}.")
    return " ".join(said)


def simulated(film: Film) -> str:
    """What the lanes do not show of a simulation: the services that failed too quietly for the rule; "" without a simulation."""
    failed = {one.service for one in film.truth if one.kind == "first_failure"}
    quiet = failed - {hit.service for hit in film.lanes.hits}
    if not quiet:
        return ""
    return (
        f"The simulation knows of {count(len(failed), 'service')} that failed (○); {len(quiet)} of them logged too few errors for "
        "the rule. Warnings are judged by the log alone: a false alarm may have one of these behind it."
    )


def minutes(number: float) -> str:
    """ "17 minutes", "less than a minute"."""
    return "Less than a minute" if number < 1 else count(round(number), "minute")


def of_hit(hit: Hit, zone: str) -> str:
    if hit.lead is None:
        return f"{time_of(hit.at, zone)[11:]} {one_line(hit.service, 60)} failed, no warning"
    named = ", and named it" if hit.named else ", of another service or none by name"
    return f"{time_of(hit.at, zone)[11:]} {one_line(hit.service, 60)} failed, warned {hit.lead:.0f} min before{named}"


def of_warning(warning: Warned, zone: str) -> str:
    until = "" if warning.until == warning.since else f" to {time_of(warning.until, zone)[11:]}"
    who = one_line(warning.service, 60) or "a service"
    return (
        f"{time_of(warning.since, zone)[11:]}{until}: {who} expected to fail, up to {100 * warning.probability:.0f} %, "
        f"{warning.outcome}"
    )
