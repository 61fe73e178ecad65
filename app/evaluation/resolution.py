"""Task `resolution`: which learner, told of each click alone, comes to suggest what people accept?

The kind of data is told by its columns: errors with acceptable actions (`resolution_errors`), proposals of a group for an
incident (`resolution_triage`), or clicks with propensities (`resolution_clicks`).
"""

from app.domain import InvalidInput
from app.evaluation import resolution_clicks, resolution_errors, resolution_triage
from app.evaluation.data import read_rows
from app.evaluation.report import Report, Request


def measure(request: Request) -> Report:
    rows = read_rows(request.data)
    names = {name for row in rows[:1000] for name in row}
    if "actions" in names:
        return resolution_errors.measure(request, rows)
    if {"assignment_group", "incident"} <= names:
        return resolution_triage.measure(request, rows)
    if {"propensity", "item_id"} <= names:
        return resolution_clicks.measure(request, rows)
    raise InvalidInput("needs the column actions, or incident and assignment_group, or item_id and propensity")
