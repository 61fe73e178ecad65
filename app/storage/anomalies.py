"""What detectors say of signatures, and the counts that tell a strange rate or a strange order."""

import json
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.storage.engine import Database
from app.storage.portable import run, sql
from models.analyse.anomaly import COMBINED, Strangeness

HOUR = 3600.0
#: Events looked at for the order in which errors follow each other.
ORDERED = 50_000


@dataclass(frozen=True, slots=True)
class Scored:
    """The strangest signature of an issue: percentiles in [0, 1] by detector."""

    issue_id: int
    strangeness: Strangeness


@dataclass(frozen=True, slots=True)
class Transition:
    """In `service`, an event of `issue_id` came right after one of `after_id` for the first time, at `at` (UTC seconds).

    `times` transitions of `kinds` kinds had followed that one before.
    """

    service: str
    after_id: int
    issue_id: int
    at: float
    times: int
    kinds: int


class Anomalies:
    def __init__(self, database: Database) -> None:
        self._database = database

    def unscored(self, encoder: str, version: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (n,) and unit vectors (n, dims) of signatures that this version of the detectors has not judged."""
        query = sql(
            "SELECT id, vector FROM signatures WHERE encoder = :encoder AND NOT EXISTS (SELECT 1 FROM signature_anomaly a "
            "WHERE a.signature_id = signatures.id AND a.version = :version) ORDER BY id"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"encoder": encoder, "version": version}).all()
        matrix = np.frombuffer(b"".join(row.vector for row in rows), dtype=np.float32)
        ids = np.array([row.id for row in rows], dtype=np.int64)
        return ids, matrix.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32)

    def set_scores(self, version: str, judged: dict[int, Strangeness]) -> None:
        """Stores what one version says; what another said of the same signature goes. A signature that is gone is left out."""
        with self._database.write() as connection:
            connection.execute(
                sql("DELETE FROM signature_anomaly WHERE signature_id IN NUMBERS(:ids)"),
                {"ids": json.dumps(list(judged))},
            )
            if judged:
                run(
                    connection,
                    "INSERT INTO signature_anomaly(signature_id, detector, score, similarity, version) "
                    "SELECT id, ?, ?, ?, ? FROM signatures WHERE id = ?",
                    [
                        (detector, score, round(item.similarity, 4), version, signature_id)
                        for signature_id, item in judged.items()
                        for detector, score in item.scores.items()
                    ],
                )

    def of_issues(self, since: float | None = None, until: float | None = None) -> list[Scored]:
        """Every issue that is not routine and has an event in the range, by its strangest signature, strangest first."""
        inside = "NOT i.routine AND i.last_seen >= :since AND i.first_seen <= :until"
        query = sql(
            "WITH worst AS (SELECT s.issue_id, a.signature_id, a.score, row_number() OVER (PARTITION BY s.issue_id "
            "ORDER BY a.score DESC, a.signature_id) AS place FROM signature_anomaly a JOIN signatures s ON s.id = a.signature_id "
            f"JOIN issues i ON i.id = s.issue_id WHERE a.detector = :combined AND {inside}) "
            "SELECT w.issue_id, a.detector, a.score, a.similarity FROM worst w JOIN signature_anomaly a "
            "ON a.signature_id = w.signature_id WHERE w.place = 1 ORDER BY w.score DESC, w.issue_id"
        )
        span = {"combined": COMBINED, "since": _or(since, -1e18), "until": _or(until, 1e18)}
        scores: dict[int, dict[str, float]] = defaultdict(dict)
        similarity: dict[int, float] = {}
        with self._database.read() as connection:
            for row in connection.execute(query, span):
                scores[row.issue_id][row.detector] = row.score
                similarity[row.issue_id] = row.similarity
        return [Scored(issue_id, Strangeness(found, similarity[issue_id])) for issue_id, found in scores.items()]

    def of_issue(self, issue_id: int) -> Scored | None:
        return next((item for item in self.of_issues() if item.issue_id == issue_id), None)

    def by_hour(self, until: float, hours: int) -> dict[int, dict[int, int]]:
        """Per issue that is not routine: events by how many whole hours they lie before `until`; 0 is the last hour."""
        query = sql(
            "SELECT s.issue_id, WHOLE((:until - e.time) / 3600) AS hour, count(*) AS n FROM events e "
            "JOIN signatures s ON s.id = e.signature_id JOIN issues i ON i.id = s.issue_id "
            "WHERE NOT i.routine AND e.time <= :until AND e.time > :since GROUP BY 1, 2"
        )
        counts: dict[int, dict[int, int]] = defaultdict(dict)
        with self._database.read() as connection:
            for row in connection.execute(query, {"until": until, "since": until - hours * HOUR}):
                counts[row.issue_id][row.hour] = row.n
        return counts

    def first_transitions(self, since: float, limit: int = 200) -> list[Transition]:
        """Transitions between issues of one service that came at or after `since` for the first time, newest first.

        Both issues were known before; only the newest events are looked at, and only those with a time of their own.
        """
        query = sql(
            "WITH newest AS (SELECT e.id, e.time, e.service, s.issue_id FROM events e JOIN signatures s ON s.id = e.signature_id "
            "WHERE e.service != '' AND e.identity IS NOT NULL ORDER BY e.time DESC LIMIT :bound), "
            "pairs AS (SELECT service, issue_id, time, lag(issue_id) OVER (PARTITION BY service ORDER BY time, id) AS after_id "
            "FROM newest), "
            "known AS (SELECT service, after_id, issue_id, min(time) AS first, count(*) FILTER (WHERE time < :since) AS before "
            "FROM pairs WHERE after_id IS NOT NULL AND after_id != issue_id GROUP BY 1, 2, 3), "
            "following AS (SELECT service, after_id, CAST(sum(before) AS INTEGER) AS times, "
            "count(*) FILTER (WHERE before > 0) AS kinds FROM known GROUP BY 1, 2) "
            "SELECT k.service, k.after_id, k.issue_id, k.first, f.times, f.kinds FROM known k "
            "JOIN following f ON f.service = k.service AND f.after_id = k.after_id "
            "JOIN issues i ON i.id = k.issue_id JOIN issues j ON j.id = k.after_id "
            "WHERE k.before = 0 AND f.times > 0 AND NOT i.routine AND i.first_seen < :since AND j.first_seen < :since "
            "ORDER BY k.first DESC LIMIT :limit"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, {"since": since, "bound": ORDERED, "limit": limit}).all()
        return [Transition(*row) for row in rows]


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
