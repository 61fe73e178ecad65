"""What the words mean, beside the question: the taxonomy as a person needs it while labelling."""

from typing import Final

import streamlit as st

#: Category: what it covers, and what it is not.
CATEGORY: Final = {
    "network": (
        "refused, reset or timed out at the transport, DNS, unreachable host",
        "a named service that answers badly: dependency",
    ),
    "database": ("query, lock, constraint, replication, connection pool, migration", "the disk under it: storage"),
    "memory": (
        "out of memory, allocation failure, leak, collector overhead, swap",
        "a faulty memory chip: infrastructure",
    ),
    "storage": (
        "no space, I/O error, missing or locked file, corrupt block, mount, quota",
        "a missing library: configuration",
    ),
    "security": ("authentication, authorization, tokens, certificates, permission denied, attacks", ""),
    "configuration": ("missing or wrong setting, version conflict, module not found, build set-up", ""),
    "code": ("null pointer, type, index, assertion, failing test, compile error, deadlock or race", ""),
    "data": ("parsing, encoding, schema, validation, malformed message, wrong argument from a caller", ""),
    "dependency": ("another service fails or throttles: HTTP 5xx, rate limit, broker or cache down", ""),
    "infrastructure": ("hardware, kernel, container, orchestrator, power, clock, process killed or node down", ""),
}
SEVERITY: Final = {
    "critical": "data lost, a whole node or service down, a break-in under way: wake someone now",
    "high": "a function fails for users, or a component is down with no recovery in sight: act today",
    "medium": "one request, job or build step failed, or the system is degraded and retrying: plan it",
    "low": "a notice without impact, an expected condition, a recovery, information",
}


def guidelines() -> None:
    """Folded until asked for."""
    with st.expander("Guidelines", icon=":material/menu_book:"):
        st.markdown(
            "Judge from the text alone, as an on-call engineer who sees it for the first time in production. Two categories fit? "
            "Take the one nearest to the **stated cause**, not the symptom. Nothing stated beyond the symptom? Take the symptom's."
        )
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in SEVERITY.items()))
        st.markdown(
            "\n".join(
                f"- **{name}**: {covers}" + (f" (not {no})" if no else "") for name, (covers, no) in CATEGORY.items()
            )
        )
