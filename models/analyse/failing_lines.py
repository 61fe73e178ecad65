"""From the events of a build log to those that say why it failed, the most telling first.

A build log is long and its errors are rarely marked: what failed says so in the words of its tool (compiler, test runner,
package manager), a few lines above the line that gives the exit code. So every event gets points for what it says, and
more if it stands right after the command that failed or shortly before the line that tells of it. Lines that only
report a failure (exit codes, summaries) point back and are no reasons themselves. The points are round numbers set by
hand; `app.evaluation.ci` measures them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from models.records import Event
from models.text.decode import clean

#: Characters of a line that are looked at: a reason says so at its front.
FRONT: Final = 300
#: Lines of an event that are looked at: a trace's header and its end.
LINES: Final = 40
#: Events before a report of failure that it points back to, and after a failed command's own line that it explains.
REACH, OUTPUT = 30, 15
#: Events below a heading of failures that it speaks of, and what that is worth.
BELOW, HEADED = 2, 5.0
#: Events that a shown reason speaks for: the next one is looked for further away.
NEAR: Final = 3
#: Fewer points do not earn a place for being elsewhere in the log.
SURE: Final = 2.5
#: An exact line that came this often is routine, whatever it says.
ROUTINE: Final = 5


class Reason(NamedTuple):
    """An event that says why the build failed. `place` counts events from 0; higher `points` = more telling."""

    place: int
    points: float
    event: Event


class _Cue(NamedTuple):
    """Points for a line that one of the two fits: at its front, or anywhere in it (which costs more to find out)."""

    points: float
    front: re.Pattern[str]
    within: re.Pattern[str]

    def fits(self, line: str) -> bool:
        return self.front.match(line) is not None or self.within.search(line) is not None


def _cue(points: float, *patterns: str) -> _Cue:
    front = [pattern.removeprefix("^") for pattern in patterns if pattern.startswith("^")]
    within = [pattern for pattern in patterns if not pattern.startswith("^")]
    return _Cue(points, _any(front), _any(within))


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)")


#: What a line says. The largest of the first list and the smallest of the second count, each once.
_TELLING: Final = (
    _cue(6, r"^\s*--- FAIL: ", r"<<< (?:FAILURE|ERROR)!", r"^E   ", r"^_{3,}\s.{1,200}\s_{3,}$", r"\[FAIL\]\s*$",
         r"^FAIL [^\t]", r"^\s*not ok \d", r"^\s*(?:FAIL|ERROR): \S", r"^\s*\d{1,4}\) (?:Failure|Error)\b",
         r"^\s*(?:✕|✖|✗|✘) \S", r"^\s*(?:Failure|Error):\s*$", r"^\s{0,8}\d{1,3}\) \S.{0,250}(?:\(.{1,100}\)|:)$",
         r"={4,}\s?DIFF\s?={4,}", r"\bthrew an? (?:exception|error)"),
    _cue(6, r":\d{1,7}(?::\d{1,7})?: (?:fatal )?error\b", r"\(\d{1,7}(?:,\d{1,7})?\): (?:fatal )?error\b",
         r"^error(?:\[E\d{4}\])?: ", r"\berror (?:TS|CS|FS|NU|C|LNK|MSB)\d{2,5}\b", r"^\s*\d{1,6}:\d{1,6}\s+error\s",
         r"undefined reference to", r"^\[ERROR\] \S{1,250}:\[?\d", r"^<no location info>: error",
         r"^\S{1,200}:\d{1,6}:\d{1,6}: (?:parse|syntax) error", r"^\S{1,200}:\d{1,6}:\d{1,6}: [A-Z]\d{1,4}\b"),
    _cue(5, r"^##\[error\](?!Process completed|Bash exited)", r"^::error",
         r"^(?:\S{1,60}: )?(?:[Ff]atal|FATAL)(?: error)?:", r"\baborted!", r"^\*\* \((?:throw|[A-Z]\w{1,60})\)",
         r"^panic: ", r"^thread '.{1,100}' panicked", r"^\s*[\w.:]{0,120}(?:Error|Exception)\b(?:: |:?$)",
         r"[Ss]egmentation fault", r"^No output has been received", r"maximum (?:time limit|log length)", r"AssertionError",
         r"^(?:PHP )?(?:Parse|Fatal) error: "),
    _cue(4, r"command not found", r"No such file or directory", r"No \S{1,30} found\b", r"[Pp]ermission denied",
         r"[Cc]annot find", r"[Cc]ould not (?:find|resolve|connect|create|download|open|load|install|be)", r"[Uu]nable to",
         r"No matching distribution", r"is not defined\b", r"not provided but|provided but not", r"^E: ", r"^[Ee]rror: \S",
         r"^ERROR\b", r"[Ff]ailed to ", r"timed? ?out\b", r"\bKilled\b", r"No space left", r"[Aa]ssertion .{0,100}failed",
         r"[Uu]nknown (?:option|command|flag)", r"[Cc]onnection (?:refused|reset)", r"No rule to make target",
         r"[Cc]ompilation (?:error|failed)", r"[Mm]issing ", r"^\s*[Ee]xpect(?:ed|ing)\b", r"^Issues :-\(", r"[Ii]nvalid ",
         r"\bHTTP (?:Error )?[45]\d\d\b", r"^npm ERR! (?!code |errno |A complete|Linux|Darwin|argv|node v|npm )\S",
         r"^fail: ", r" FAILED\s*$", r"^There (?:was|were) \d{1,6} (?:failure|error)", r"does not (?:exist|match)",
         r"Unexpected token", r"[Uu]ncaught"),
    _cue(3.5, r"^\S{1,200}\.\w{1,8}:\d{1,6}(?::\d{1,6})?:? "),
    _cue(2.5, r"\b[Ee]rrors?\b", r"\bERRORS?\b", r"\b[Ff]ail(?:ed|ure|ing|s)?\b", r"\bFAIL(?:ED|URES?)?\b",
         r"[Ee]xception\b", r"\bfatal\b", r"\babort", r"\b404\b", r"\bnot found\b", r"[Dd]enied", r"\bundefined\b"),
)
#: What speaks against a line, or makes it one that only tells of a failure elsewhere.
_QUIET: Final = (
    _cue(-9, r"^travis_(?:fold|time)", r"^\s*\$ ", r"^\+ [a-z./]", r"\b(?:PASS|PASSED|ok|OK|SKIPPED|SKIP)\s*(?:$|\[)",
         r"^\s*(?:ok|PASS|✓|√|✔)[ :]",
         r"\b0 (?:errors?|failures?|failed)(?![^\n]{0,60}[1-9]\d{0,5} (?:errors?|failures?|failed))",
         r"^(?:Get|Fetched|Selecting|Unpacking|Setting up|Preparing|Downloading|Downloaded|Installing|Collecting) ",
         r"^(?:Requirement|Compiling|Wrote|remote:|Removing|Adding|Using|Fetching) ",
         r"^\s*(?:inflating|creating|extracting|create mode)",
         r"^(?:gcc|g\+\+|cc|clang|clang\+\+|c\+\+|libtool|javac|ar|/bin/(?:ba)?sh)\b.{0,40} -", r"^\s*at \S",
         r"^##\[(?:group|endgroup|section|command|debug)\]", r"^\s*(?:export|declare|set) ",
         r"^store build cache|^changes detected"),
    _cue(-4, r"^The command .{1,250} (?:exited with|failed)", r"^Done\. Your build exited",
         r"[Pp]rocess completed with exit code", r"^make(?:\[\d{1,3}\])?: \*\*\* ",
         r"^npm ERR! (?:code|errno|A complete|Linux|Darwin|argv|node v|npm |This is|If you|Tell|You can|There is|not with)",
         r"^npm ERR! (?:Please|Exit status|    )",
         r"^npm ERR!\s*$", r"[Bb]uild step .{1,80} marked", r"^Finished: FAILURE", r"[Bb](?:uild|UILD) (?:failed|FAIL)",
         r"exited with [1-9]", r"[Ff]ailed at the", r"See above", r"^(?:Error: )?One or more errors", r"recipe for target",
         r"^Your build has been stopped", r"exit(?:ed with)? (?:code|status)",
         r"^\[ERROR\]\s*(?:$|->|To see|Re-run|For more|After correcting|\[Help)", r"ignored\)?\s*$",
         r"\b(?:[Ww]arning|WARN(?:ING)?|[Dd]eprecat\w{1,8})\b", r"^\s*at \S", r"\[INFO\]|\bINFO\b|\bDEBUG\b", r"[Rr]etry",
         r"https?://\S{1,200}$"),
)
#: Lines that report that something failed above them, and how much that is worth there.
_REPORTS: Final = re.compile(
    r"^The command .{1,250} (?:exited with [1-9]|failed)|[Pp]rocess completed with exit code [1-9]|^make(?:\[\d{1,3}\])?: \*\*\* "
    r"|^npm ERR! code ELIFECYCLE|^npm ERR! Test failed|[Bb]uild step .{1,80} marked|^BUILD FAIL|exited with error code"
    r"|^FAILED \(|[1-9]\d{0,5} (?:failed|failures?|errors?)\b"
    r"|returned (?:a )?non-?zero|^Failing due to|returned [1-9]\d{0,2} exit status"
)
#: The line that gives the exit code of a command that was named on a line of its own.
_EXITED: Final = re.compile(r'^The command "(.{1,200}?)"? (?:exited with [1-9]|failed)')
_COMMAND: Final = re.compile(r"^\s*\$ (.{1,200})|^travis_time:start|^##\[group\]Run |^\+ (.{1,200})")
#: The runner's time in front of a line.
_STAMP: Final = re.compile(r"^\[?\d{4}-\d\d-\d\dT[\d:.]{8,18}Z\]? ?")
#: Headings: what stands below one is the reason.
_HEADING: Final = re.compile(
    r"^=+ ?(?:FAILURES|ERRORS|DIFF) ?=+$|^\s*(?:TEST )?(?:Failures?|FAILURES?|Errors?):?\s*$|^\s*Failed (?:tests|examples):"
    r"|^Issues :-\(|^\s*\d{1,5} failing|could not be resolved to|^There (?:was|were) \d{1,6} (?:failure|error)")
_WERROR: Final = re.compile(r"-Werror|warnings being treated as errors")
_WARNS: Final = re.compile(r"\b[Ww]arning:")
#: Lines that only builds have.
_BUILD: Final = re.compile(
    r"^##\[|^::(?:error|warning|group)\b|^travis_(?:fold|time)|^Done\. Your build exited|^The command .{1,250} exited with \d"
    r"|^make(?:\[\d{1,3}\])?: \*\*\* |^npm ERR! |^(?:\[INFO\] )?BUILD (?:FAIL|SUCCESS)|^Finished: (?:FAILURE|SUCCESS|UNSTABLE)"
    r"|^Build step .{1,80} marked|[Pp]rocess completed with exit code|^\[Pipeline\]|^Started by (?:user|an? )|worker_info")
_MACHINE: Final = re.compile(r"worker_info|Worker information|Build system information|Using worker")
_DIGITS: Final = re.compile(r"\d{1,20}")


def is_build_log(events: Sequence[Event]) -> bool:
    """Whether a text is a build's: a line that only runners and build tools print stands near its start or end."""
    ends = [*events[:REACH], *events[-REACH:]]
    return len(events) > NEAR and any(_BUILD.search(line) for event in ends for line in _lines(event)[:1])


def rank(events: Sequence[Event], top: int = 3) -> list[Reason]:
    """At most `top` reasons, the most telling first; none where no event says anything of a failure.

    Of lines that differ in numbers only the first counts, and of lines that stand together the most telling:
    three reasons are three different things.
    """
    lines = [_lines(event) for event in events]
    points = [_said(event, texts) for event, texts in zip(events, lines, strict=True)]
    near = _nearness(lines)
    started = _started(lines)
    kinds = [_DIGITS.sub("0", texts[0]) if texts else "" for texts in lines]
    often = Counter(kinds)
    scores = [
        said + extra - (1.0 if often[kind] > ROUTINE else 0.0) if place >= started and (said > 0 or extra > 0) else 0.0
        for place, (said, extra, kind) in enumerate(zip(points, near, kinds, strict=True))
    ]
    return _distinct(events, scores, kinds, top)


def _distinct(events: Sequence[Event], scores: Sequence[float], kinds: Sequence[str], top: int) -> list[Reason]:
    order = sorted((place for place, score in enumerate(scores) if score > 0), key=lambda place: (-scores[place], place))
    reasons: list[Reason] = []
    shown: set[str] = set()
    for apart in (True, False):
        for place in order:
            if len(reasons) == top:
                return reasons
            if apart and scores[place] < SURE:
                break
            close = any(abs(place - reason.place) <= (NEAR if apart else 0) for reason in reasons)
            if not close and kinds[place] not in shown:
                shown.add(kinds[place])
                reasons.append(Reason(place, scores[place], events[place]))
    return reasons


def _started(lines: Sequence[Sequence[str]]) -> int:
    """Where the first command stands, if the log opens with the runner's account of its machine; else 0."""
    if not any(_MACHINE.search(texts[0]) for texts in lines[:REACH] if texts):
        return 0
    return next((place for place, texts in enumerate(lines) if texts and texts[0].lstrip().startswith("$ ")), 0)


def _lines(event: Event) -> list[str]:
    """The front of the first and last lines of an event, without the runner's time."""
    found = [_STAMP.sub("", line, count=1)[:FRONT] for line in clean(event.raw).split("\n") if line.strip()]
    return found if len(found) <= LINES else [*found[: LINES // 2], *found[-LINES // 2 :]]


def _said(event: Event, lines: Sequence[str]) -> float:
    """What the words of an event are worth: its best line, and its level and trace."""
    best = max((_worth(line) for line in lines), default=0.0)
    if event.level in ("error", "critical"):
        best = max(best, 0.0 if lines and _least(lines[0]) < 0 else 4.0)
    elif event.level in ("trace", "debug", "info", "warning"):
        best -= 2.0
    if event.exception_type:
        best = max(best, 5.0)
    return best


def _worth(line: str) -> float:
    most = next((cue.points for cue in _TELLING if cue.fits(line)), 0.0)
    return most + _least(line) if most else 0.0


def _least(line: str) -> float:
    return next((cue.points for cue in _QUIET if cue.fits(line)), 0.0)


def _nearness(lines: Sequence[Sequence[str]]) -> list[float]:
    """Points for standing shortly before a report of failure, or among the few lines of the command that failed."""
    extra = [0.0] * len(lines)
    command, below = -1, 0
    for place, texts in enumerate(lines):
        first = texts[0] if texts else ""
        if _COMMAND.search(first):
            command = place
        if below > 0 and first:
            extra[place], below = max(extra[place], HEADED), below - 1
        if _HEADING.search(first):
            below = BELOW
        if _WERROR.search(first):
            for back in range(max(place - REACH, 0), place):
                extra[back] = max(extra[back], HEADED * any(_WARNS.search(line) is not None for line in lines[back]))
        if not _REPORTS.search(first):
            continue
        for back in range(max(place - REACH, 0), place):
            extra[back] = max(extra[back], 2.0 * (1 - (place - back) / REACH))
        if _EXITED.search(first) and 0 <= command < place <= command + OUTPUT:
            for after in range(command + 1, place):
                if lines[after] and not _least(lines[after][0]):
                    extra[after] = max(extra[after], 3.0)
    return extra
