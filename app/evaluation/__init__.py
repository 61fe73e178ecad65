"""Measures StackLens on outside data: one module a task, every metric with an interval, beside its rivals."""

from app.evaluation.run import TASKS, evaluate

__all__ = ["TASKS", "evaluate"]
