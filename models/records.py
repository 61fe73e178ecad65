"""The values that pass between the stages of the pipeline. Frozen: a stage returns new ones."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack trace.

    `line` counts from 1; 0 where the trace does not say. `module` is the class or package where
    the language names one ("com.shop.Cart"), else "".
    """

    function: str
    file: str = ""
    line: int = 0
    module: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """A stack trace read from text.

    `frames` run from the innermost call (where it was raised) outwards, whatever order the
    language prints. `causes` are the exception types of the chain, outermost first, without
    `exception_type` itself, which is the one that reached the top.
    """

    language: str
    exception_type: str
    message: str
    frames: tuple[Frame, ...]
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence, as a parser read it.

    `time` is UTC seconds since the epoch (float), None where the text has none.
    `time_note` says in words what was assumed ("no zone: UTC assumed"), "" where nothing was.
    `level` is one of `taxonomy.LEVELS` or "". `message` is the text without prefix and trace.
    `raw` is every character that was read for this event, lines joined by "\\n".
    `problem` says why the line could not be read as its format promised, "" where it could.
    """

    raw: str
    message: str
    format: str
    time: float | None = None
    time_note: str = ""
    level: str = ""
    service: str = ""
    host: str = ""
    logger: str = ""
    trace: Trace | None = None
    source_file: str = ""
    source_line: int = 0
    problem: str = ""

    @property
    def exception_type(self) -> str:
        return self.trace.exception_type if self.trace else ""

    @property
    def frames(self) -> tuple[Frame, ...]:
        return self.trace.frames if self.trace else ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The normalised text that events of one kind share.

    `key` is 32 hex digits, equal on every replica for the same text and `version`.
    `text` is shown to people; `parts` says what it was made of ("exception", "message", "frames").
    """

    key: str
    text: str
    version: str
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A similar error. `similarity` is a cosine in [-1, 1], higher = more alike."""

    id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one error is, as the current reader judges it.

    `severity_probabilities` and `category_probabilities` sum to 1, in the order of the taxonomy.
    `confidence` in [0, 1] estimates the probability that severity and category are both right.
    `actions` are all ten, best first, with scores that sum to 1.
    `evidence` names the corpus templates that decided, most alike first: (template id, cosine).
    `untaught` is what the shipped reader said where labels of this store taught it otherwise; None where no label is near.
    """

    severity: str
    category: str
    confidence: float
    severity_probabilities: tuple[float, ...]
    category_probabilities: tuple[float, ...]
    actions: tuple[tuple[str, float], ...]
    model: str
    evidence: tuple[tuple[str, float], ...] = field(default=())
    untaught: "Reading | None" = None
