"""A film as one HTML file for the post-mortem, pure: figures, evidence, model versions and seeds; nothing is loaded from elsewhere.

All text of the log goes through `_safe`; the file forbids itself scripts and any request. Lists are cut, so its size is bounded.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from app.services.replay import WINDOW, Film, Frame
from app.services.replay_lanes import Hit
from components import replay_svg
from components.graph_figures import SIGN as HEALTH_SIGN
from components.looks import SEVERITY_SHAPE
from components.plain import clock, moment, one_line, percent
from components.replay_words import MEANING, SIGN, TODAY, headline, others, simulated

#: Failures, warnings and suspects that are listed.
LISTED: Final = 100
SUSPECTS: Final = 5
#: Longer cells of a table may break anywhere; shorter ones stay on one line.
SHORT: Final = 24
_STYLE: Final = """
:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem;margin-top:1.6rem}
svg{width:100%;height:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
td,th{border-bottom:1px solid #8886;padding:.25rem .5rem;text-align:left;vertical-align:top;white-space:nowrap}
.long{white-space:normal;overflow-wrap:anywhere;width:60%}
.note{opacity:.75;font-size:.88rem}blockquote{margin:.4rem 0;padding:.3rem .9rem;border-left:4px solid #0072b2}
"""
_HEAD: Final = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)


def name(film: Film, zone: str) -> str:
    """What the file is called."""
    return f"incident-{moment(film.span.since, zone):%Y-%m-%d-%H%M}.html"


def report(film: Film, zone: str) -> str:
    """The whole file; times in `zone`."""
    said = headline(film, zone)
    parts = [
        f"<h1>{_safe(said)}</h1>",
        f"<p>{_safe(others(film))}</p>",
        f'<p class="note">{_safe(_range(film, zone))}</p>',
        *(f"<p><b>{_safe(missing, 500)}</b></p>" for missing in film.missing),
        "<h2>Who was first</h2>",
        replay_svg.lanes(film, zone),
        f'<p class="note">{_safe(MEANING, 600)} {_safe(simulated(film), 600)} Signs: {_signs()}.</p>',
        _failures(film, zone),
        _warnings(film, zone),
        *_health(film, zone),
        *(_moment(film, title, frame, zone) for title, frame in key_moments(film)),
        _truth(film, zone),
        _made_of(film),
    ]
    body = "\n".join(part for part in parts if part)
    head = f"<head>{_HEAD}<title>{_safe(said)}</title><style>{_STYLE}</style></head>"
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n{body}\n</body></html>\n'


def key_moments(film: Film) -> list[tuple[str, Frame]]:
    """The first warning that was right, the first failure, and the lowest health, by name; none twice."""
    found: list[tuple[str, Frame]] = []
    first: Hit | None = film.lanes.hits[0] if film.lanes.hits else None
    if first is not None and first.warned_at is not None:
        found.append(("The first warning", film.frame(first.warned_at)))
    if first is not None:
        after = min(film.span.nearest(first.at) + 1, len(film.frames) - 1)
        found.append(("After the first failure", film.frames[after]))
    drawn = [frame for frame in film.frames if frame.picture is not None]
    if drawn:
        worst = min(drawn, key=lambda frame: frame.picture.reading.system_health if frame.picture else 1.0)
        found.append(("The lowest health", worst))
    elif first is None:
        found.append(("The end", film.frames[-1]))
    seen: dict[float, tuple[str, Frame]] = {}
    for title, frame in found:
        seen.setdefault(frame.at, (title, frame))
    return list(seen.values())


def _failures(film: Film, zone: str) -> str:
    rows = [
        (clock(hit.at, zone), hit.service, "none" if hit.lead is None else f"{hit.lead:.0f} min before",
         "yes" if hit.named else "no" if hit.lead is not None else "")
        for hit in film.lanes.hits[:LISTED]
    ]  # fmt: skip
    return _table("Failures", ("time", "service", "warning", "service named"), rows, len(film.lanes.hits))


def _warnings(film: Film, zone: str) -> str:
    rows = [
        (f"{clock(one.since, zone)} to {clock(one.until, zone)[11:]}", f"{SIGN[one.outcome]} {one.outcome}",
         one.service, percent(one.probability), one.reason)
        for one in film.lanes.warnings[:LISTED]
    ]  # fmt: skip
    titles = ("time", "outcome", "service", "up to", "what it rested on")
    return _table("Warnings, false alarms among them", titles, rows, len(film.lanes.warnings))


def _health(film: Film, zone: str) -> list[str]:
    figure = replay_svg.health(film, zone)
    if not figure:
        return []
    note = f"The first to be unwell on top, {replay_svg.ROWS} at most; higher is worse: {replay_svg.legend()}."
    return ["<h2>Health of each service</h2>", figure, f'<p class="note">{_safe(note)}</p>']


def _moment(film: Film, title: str, frame: Frame, zone: str) -> str:
    parts = [f"<h2>{_safe(title)}: {clock(frame.at, zone)}</h2>"]
    if frame.forecast is not None:
        parts.append(f"<blockquote>{_safe(frame.forecast.sentence, 600)}</blockquote>")
        if frame.forecast.forecastable:
            parts.append(f"<p>{_safe(frame.forecast.reason, 600)}</p>")
        coming = [(percent(share), text) for text, share, _ in frame.forecast.next_errors[:5]]
        parts.append(_table("Errors expected next", ("probability", "error"), coming, len(coming)))
    picture = frame.picture
    if picture is not None:
        parts.append(f"<p>System health {picture.reading.system_health:.2f} in [0, 1], higher = better.</p>")
        parts.append(replay_svg.network(film, picture))
        suspects = [
            (percent(cause.score), picture.graph.names[cause.service],
             f"{HEALTH_SIGN[picture.state(cause.service)]} {picture.state(cause.service)}", "; ".join(cause.evidence))
            for cause in picture.reading.causes[:SUSPECTS]
        ]  # fmt: skip
        if picture.signals.counts.any():
            parts.append(
                _table("Suspects with the evidence", ("score", "service", "state", "evidence"), suspects, len(suspects))
            )
    issues = [
        (f"{SEVERITY_SHAPE[row.severity]} {row.severity}", row.title, row.service, row.category, f"{row.count:,}",
         clock(row.last_seen, zone)[11:], f"#{row.id}")
        for row in frame.issues
    ]  # fmt: skip
    titles = ("severity", "error", "service", "category", "times", "last", "issue")
    parts.append(_table(f"Most urgent of the {WINDOW / 60:.0f} minutes before", titles, issues, frame.total))
    return "\n".join(parts)


def _truth(film: Film, zone: str) -> str:
    rows = [
        (clock(one.time, zone)[:16], one.kind.replace("_", " "), one.service, one.what, one.cause) for one in film.truth
    ]
    found = _table("What the simulation knows", ("time", "what", "service", "", "came from"), rows, len(rows))
    return found and f'<h2>The truth</h2>\n{found}\n<p class="note">No model sees this. Times to the minute.</p>'


def _made_of(film: Film) -> str:
    rows = [(f"model: {part}", version) for part, version in film.models]
    if film.seed is not None:
        rows.append(("seed of the simulated sample incident", str(film.seed)))
    since, until = (clock(at, "UTC")[:16].replace(" ", "T") + "Z" for at in (film.span.since, film.span.until))
    rows.append(("the same again", f"stacklens replay --since {since} --until {until} --out report.html"))
    rows.append(("on the page", f"replay?replay_since={since}&replay_until={until}"))
    return f'<h2>Made of</h2>\n{_table("", ("", ""), rows, len(rows))}\n<p class="note">{_safe(TODAY)}</p>'


def _range(film: Film, zone: str) -> str:
    span = film.span
    simulated = "Simulated sample incident. " if film.seed is not None else ""
    return (
        f"{simulated}{clock(span.since, zone)[:16]} to {clock(span.until, zone)[:16]} ({zone}), "
        f"{len(film.frames)} moments, one every {span.every / 60:.0f} min."
    )


def _signs() -> str:
    return ", ".join(f"{sign} {outcome}" for outcome, sign in SIGN.items()) + ", ✕ a service failed"


def _table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]], total: int) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{_safe(one)}</th>" for one in names)
    body = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    more = f'<p class="note">The first {len(rows)} of {total:,}.</p>' if total > len(rows) else ""
    caption = f"<h3>{_safe(title)}</h3>" if title else ""
    return f"{caption}<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>{more}"


def _cell(text: str) -> str:
    return f'<td class="long">{_safe(text)}</td>' if len(text) > SHORT else f"<td>{_safe(text)}</td>"


def _safe(text: str, limit: int = 300) -> str:
    """One line of plain text, cut, with what HTML reads escaped."""
    return escape(one_line(text, limit))


def write(film: Film, out: Path, zone: str) -> dict[str, str | int | float | None]:
    """Writes the file; what it says, in short."""
    out.write_text(report(film, zone), encoding="utf-8")
    first = film.lanes.hits[0] if film.lanes.hits else None
    return {
        "sentence": headline(film, zone),
        "lead_minutes": None if first is None else first.lead,
        "failures": len(film.lanes.hits),
        "false_alarms": film.lanes.false_alarms,
        "moments": len(film.frames),
        "missing": " ".join(film.missing),
        "seed": film.seed,
        "file": str(out),
    }
