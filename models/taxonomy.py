"""The vocabulary of StackLens: the same words in models, store, API, pages and labelled data."""

from typing import Final

#: Most urgent first: the order of the Inbox and of every legend.
SEVERITIES: Final = ("critical", "high", "medium", "low")

#: Where the nearest stated cause of an error lies.
CATEGORIES: Final = (
    "network",
    "database",
    "memory",
    "storage",
    "security",
    "configuration",
    "code",
    "data",
    "dependency",
    "infrastructure",
)

#: What an engineer may do first; an error can have several acceptable first actions.
ACTIONS: Final = (
    "restart_service",
    "scale_out",
    "rollback_release",
    "fix_configuration",
    "raise_limit",
    "free_resources",
    "renew_credentials",
    "patch_code",
    "fail_over",
    "correct_input",
)

#: What the words of an error may name; the first three must work best.
ENTITIES: Final = (
    "FUNCTION", "FILE", "VARIABLE", "CLASS", "EXCEPTION", "LIBRARY", "SERVICE", "HOST", "ERROR_CODE", "LINE",
)

#: Each action as an imperative a person reads at 3 a.m.; the target follows it ("… on orders-db").
ACTION_WORDS: Final = {
    "restart_service": "Restart the service",
    "scale_out": "Scale out",
    "rollback_release": "Roll back the release",
    "fix_configuration": "Fix the configuration",
    "raise_limit": "Raise the limit",
    "free_resources": "Free resources",
    "renew_credentials": "Renew credentials",
    "patch_code": "Patch the code",
    "fail_over": "Fail over",
    "correct_input": "Correct the input",
}

#: How a service is, best first; "recovering" comes after failing or failed, on the way back.
HEALTH: Final = ("healthy", "degraded", "failing", "failed", "recovering")

#: What a sequence of errors is about.
INCIDENTS: Final = (
    "no_incident", "resource_exhaustion", "dependency_failure", "bad_release", "network", "security", "data", "recovery",
)

#: Words of log levels and trackers, mapped to a severity (evaluation of outside data).
SEVERITY_WORDS: Final = {
    "critical": "critical", "fatal": "critical", "emergency": "critical", "blocker": "critical",
    "error": "high", "high": "high", "major": "high",
    "warning": "medium", "warn": "medium", "medium": "medium", "normal": "medium",
    "info": "low", "low": "low", "minor": "low", "trivial": "low", "notice": "low",
}

#: Log levels from quiet to loud; a parser writes only these.
LEVELS: Final = ("trace", "debug", "info", "notice", "warning", "error", "critical")

#: Every spelling of a level met in the field, mapped to `LEVELS`.
LEVEL_WORDS: Final = {
    "trace": "trace", "verbose": "trace", "finest": "trace", "finer": "trace",
    "debug": "debug", "fine": "debug", "dbg": "debug",
    "info": "info", "information": "info", "informational": "info", "config": "info", "log": "info",
    "notice": "notice",
    "warn": "warning", "warning": "warning",
    "err": "error", "error": "error", "severe": "error", "failure": "error", "failed": "error",
    "crit": "critical", "critical": "critical", "fatal": "critical", "alert": "critical",
    "emerg": "critical", "emergency": "critical", "panic": "critical",
}
