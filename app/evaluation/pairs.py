"""Task `pairs`: which errors or reports are one problem, and is this one new?

Rows of a group (`bug`, or what `duplicate_ids` ties together) are one problem. Two rows are predicted to be one if the product
would make them one issue: equal signatures, or a join (models/analyse/same_problem.py). `pair_precision` is the mean over the
groups with a predicted pair of the share of their predicted pairs that stay within the group; `pair_recall` the mean over the
groups of several rows of the share of their own pairs that are predicted. `new_issue_auroc`: rows in their order, each against
all before it; the score that it is new is 1 minus the largest similarity, the truth that no row of its group came before.

Only rows of one project are compared. Nothing is fitted here: the rule's constants were chosen on our own corpus.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from app.domain import InvalidInput
from app.evaluation import metrics as m
from app.evaluation import ranking
from app.evaluation.data import Row, column, read_rows
from app.evaluation.product import product
from app.evaluation.report import Interval, Metrics, Report, Request
from app.evaluation.search import WORD
from app.services.joining import CANDIDATES
from app.services.reading import principal
from models.analyse.same_problem import MEANING, compare
from models.records import Signature
from models.text.own_frames import own_frames
from models.text.signature import encoder_text, signature

TEXT: Final = ("trace", "description", "text", "message", "summary")
#: Innermost calls that the rival compares, with their lines.
TOP: Final = 3
#: Cosine from which tf-idf calls two texts one.
TFIDF: Final = 0.9

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one project with n rows: which pairs are held to be one (n, n), and how alike all pairs are (n, n) in [0, 1]."""

    same: NDArray[np.bool_]
    alike: Floats


def measure(request: Request) -> Report:
    rows = [row for row in read_rows(request.data) if _text(row)]
    groups = _groups(rows)
    by_project: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_project[str(row.get("project", ""))].append(place)
    if not any(len(set(groups[members])) < len(members) for members in by_project.values()):
        raise InvalidInput("no row has another of its group: there is nothing to find")
    methods = {"product": _product, "signature": _signatures, "exact_top_frames": _top_frames, "tfidf": _tfidf}
    with product(request) as parts:
        version = parts.embeddings.version
        kinds = [signature(principal(_text(row))) for row in rows]
        vectors = parts.embeddings.get_embeddings([encoder_text(kind) for kind in kinds])
    found: dict[str, list[tuple[Judged, NDArray[np.int64]]]] = {name: [] for name in methods}
    for members in by_project.values():
        part = _Part([rows[i] for i in members], [kinds[i] for i in members], vectors[members])
        for name, judge in methods.items():
            found[name].append((judge(part), groups[members]))
    results = {name: _metrics(judged, request.seed) for name, judged in found.items()}
    several = sum(count > 1 for count in np.unique(groups, return_counts=True)[1])
    notes = (
        f"{len(rows)} rows of {len(by_project)} projects in {len(set(groups))} groups, {several} of them with several rows",
        "product: equal signatures and joins; signature: equal signatures alone; exact_top_frames: exception and the "
        f"{TOP} innermost own calls with their lines; tfidf: cosine of at least {TFIDF}",
    )
    return Report(len(rows), version, results.pop("product"), results, notes)


@dataclass(frozen=True, slots=True)
class _Part:
    rows: Sequence[Row]
    kinds: Sequence[Signature]
    vectors: NDArray[np.float32]


def _product(part: _Part) -> Judged:
    """Equal signatures, and joins with one of the nearest, as at ingestion; one problem is whatever is connected."""
    n = len(part.kinds)
    cosine = part.vectors @ part.vectors.T
    same = np.array([[one.key == other.key for other in part.kinds] for one in part.kinds])
    alike = np.clip(cosine.astype(np.float64), 0, 1)
    for row in range(n):
        for other in np.argsort(-cosine[row], kind="stable")[: CANDIDATES + 1]:
            if other != row and cosine[row, other] >= MEANING:
                answer = compare(part.kinds[row], part.kinds[other], float(cosine[row, other]))
                same[row, other] |= answer.joins
    return Judged(_connected(same), alike)


def _signatures(part: _Part) -> Judged:
    return _equal([kind.key for kind in part.kinds])


def _top_frames(part: _Part) -> Judged:
    keys: list[Any] = []
    for place, row in enumerate(part.rows):
        event = principal(_text(row))
        calls = tuple((frame.module, frame.function, frame.line) for frame in own_frames(event.frames)[:TOP])
        keys.append((event.exception_type, calls) if calls else place)
    return _equal(keys)


def _tfidf(part: _Part) -> Judged:
    rows = TfidfVectorizer(token_pattern=WORD).fit_transform([_text(row) for row in part.rows])
    alike = np.asarray((rows @ rows.T).todense())
    return Judged(_connected(alike >= TFIDF), alike)


def _equal(keys: Sequence[Any]) -> Judged:
    same = np.array([[one == other for other in keys] for one in keys])
    return Judged(same, same.astype(float))


def _connected(same: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(same | same.T, directed=False)
    return np.asarray(labels[:, None] == labels[None, :])


def _metrics(judged: Sequence[tuple[Judged, NDArray[np.int64]]], seed: int) -> Metrics:
    precision, recall, new, score = [], [], [], []
    for answer, groups in judged:
        truth = groups[:, None] == groups[None, :]
        pairs, own = answer.same & ~np.eye(len(groups), dtype=bool), truth & ~np.eye(len(groups), dtype=bool)
        for group in np.unique(groups):
            members = groups == group
            predicted, right = pairs[members].sum(), (pairs & own)[members].sum()
            if predicted:
                precision.append(right / predicted)
            if members.sum() > 1:
                recall.append(right / own[members].sum())
        before = np.tril(np.ones_like(truth), -1).astype(bool)
        new += (~(truth & before).any(axis=1)).tolist()[1:]
        score += (1 - np.where(before, answer.alike, 0).max(axis=1)).tolist()[1:]
    is_new, how_new = np.array(new), np.array(score)
    return {
        "pair_precision": m.bootstrap(m.mean(precision), len(precision), seed=seed),
        "pair_recall": m.bootstrap(m.mean(recall), len(recall), seed=seed),
        "new_issue_auroc": m.bootstrap(ranking.auroc(is_new, how_new), len(is_new), seed=seed),
        "groups_with_a_predicted_pair": Interval(len(precision)),
    }


def _groups(rows: Sequence[Row]) -> NDArray[np.int64]:
    """(n,) the group of each row: by name, or whatever duplicate_ids ties together."""
    if any(row.get("duplicate_ids") for row in rows):
        place = {str(row["issue_id"]): number for number, row in enumerate(rows)}
        same = np.eye(len(rows), dtype=bool)
        for number, row in enumerate(rows):
            for other in row.get("duplicate_ids") or ():
                if str(other) in place:
                    same[number, place[str(other)]] = True
        return np.unique(_connected(same).argmax(axis=1), return_inverse=True)[1].astype(np.int64)
    name = column(rows, ("group", "event_id", "bug"))
    return np.unique([str(row[name]) for row in rows], return_inverse=True)[1].astype(np.int64)


def _text(row: Row) -> str:
    """A report is its summary and description, an error its first text column."""
    if row.get("description") or row.get("summary"):
        return f"{row.get('summary') or ''}\n{row.get('description') or ''}".strip()
    return next((str(row[name]) for name in TEXT if row.get(name)), "")
