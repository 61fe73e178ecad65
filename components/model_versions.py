"""The versions of a model: which answers, what waits, what the gate and the A/B test say, and the buttons to the front and back."""

from collections.abc import Callable

import streamlit as st

from app.bootstrap import services
from app.services.registry import NAMES, READER, SHARE
from app.storage.versions import Version
from components import state, version_figures
from components.plain import ago, clock, count, markdown, percent
from components.sidebar import View

_STATES = {
    "candidate": "made, not used",
    "shadow": "reads beside, not shown",
    "ab": "reads a share of new errors",
    "current": "answers",
    "retired": "not used any more",
}
_VERDICTS = {
    "better": "It may take over",
    "no loss": "Only an A/B test can say more",
    "worse": "It stays out",
    "too few": "Too few texts to decide",
}


def panel(view: View) -> None:
    registry = services().registry
    name = st.segmented_control("Model", NAMES, default=READER, key="model_name", required=True) or READER
    versions = registry.versions(name)
    if not versions:
        st.info(f"No version of {name} is there; `stacklens train {name}` makes one.", icon=":material/info:")
        return
    if registry.problem:
        st.error(markdown(registry.problem, 400), icon=":material/error:")
    st.dataframe([_row(one, view) for one in versions], hide_index=True, key="versions")
    current = next(one for one in versions if one.state == "current")
    _rollback(current, versions)
    if name != READER:
        st.caption(f"A new {name} is made by `stacklens train {name}` and comes with the program's next start.")
    else:
        if any(one.metrics.get("holdout") for one in versions):
            st.plotly_chart(version_figures.history(versions), key="version_history")
        else:
            st.caption("None was measured on the frozen holdout yet: the first job that retrains does.")
        open_ = [one for one in versions if one.state in ("candidate", "shadow", "ab")]
        for one in open_:
            _waiting(one)
        if not open_:
            st.caption("No version waits. The Jobs tab makes one from the corpus and what people labelled here.")
    _log(name, view)


def _row(version: Version, view: View) -> dict[str, str]:
    held = version.metrics.get("holdout", {})
    return {
        "version": version.version,
        "state": f"{version.state}: {_STATES[version.state]}",
        "made": clock(version.created, view.zone),
        "labels": str(version.data.get("labels", "")),
        "holdout": f"{held['share']:.3f} of {held['n']}" if held else "",
        "code": version.code,
        "seed": str(version.seed),
        "sha256": version.sha256[:12],
        "why": version.reason,
    }


def _waiting(version: Version) -> None:
    registry = services().registry
    read, alike = services().store.versions.beside(version.id)
    with st.container(border=True):
        st.markdown(f"**{version.version}** {_STATES[version.state]}")
        if read:
            st.caption(f"In the shadow: {count(read, 'error')} read, {percent(alike / read)} of them as shown.")
        decision = registry.decision(version)
        if decision is None:
            st.caption("It was not measured against the version that answers now; the Jobs tab does.")
        else:
            st.markdown(f"**{_VERDICTS[decision.verdict]}**")
            for reason in decision.reasons:
                st.caption(markdown(reason, 400))
            st.plotly_chart(version_figures.gains(decision.compared), key=f"gains_{version.id}")
        if version.state == "ab":
            test = registry.ab(version)
            st.markdown(
                f"A/B test on {percent(version.share)} of new errors: {test.b.accepted} of {test.b.n} answers accepted, "
                f"{test.a.accepted} of {test.a.n} of the current one's; {markdown(test.reason)}."
            )
            st.plotly_chart(version_figures.test(test), key=f"test_{version.id}")
            st.caption(
                "This interval may be looked at as often as one likes; it holds the truth at all times together with 95 %."
            )
        _buttons(version)


def _buttons(version: Version) -> None:
    reason = st.text_input("Why", key=f"why_{version.id}", max_chars=300, placeholder="stays in the log")
    skip = version.state == "shadow" and st.checkbox(
        "without an A/B test (the log keeps that choice)", key=f"skip_{version.id}"
    )
    columns = st.columns(4)
    if version.state == "candidate":
        _button(
            columns[0],
            version,
            "To the shadow",
            "shadow",
            lambda actor, key: _stage(version, "shadow", actor, key, reason),
        )
    if version.state == "shadow":
        _button(columns[0], version, "A/B test", "ab", lambda actor, key: _stage(version, "ab", actor, key, reason))
    if version.state in ("shadow", "ab"):
        _button(
            columns[1], version, "Promote", "promote", lambda actor, key: _promote(version, actor, key, reason, skip)
        )
    _button(columns[2], version, "Retire", "retired", lambda actor, key: _stage(version, "retired", actor, key, reason))


def _button(
    column: st.delta_generator.DeltaGenerator, version: Version, label: str, what: str, act: Callable[[str, str], str]
) -> None:
    key = state.request_key(what, version.version, version.since)
    column.button(label, key=f"{what}_{version.id}", on_click=state.write, args=(lambda actor: act(actor, key),))


def _stage(version: Version, stage: str, actor: str, key: str, reason: str) -> str:
    registry = services().registry
    registry.stage(
        version.name, version.version, stage, actor=actor, key=key, reason=reason or f"{actor} chose so", share=SHARE
    )
    registry.shadow()
    return f"{version.version} {_STATES[stage]}"


def _promote(version: Version, actor: str, key: str, reason: str, skip: bool) -> str:
    services().registry.promote(version.name, version.version, actor=actor, key=key, reason=reason, skip_ab=skip)
    return f"{version.version} answers now; Roll back brings the one before back"


def _rollback(current: Version, versions: list[Version]) -> None:
    key = state.request_key("rollback", current.version, current.since)

    def back(actor: str) -> str:
        found = services().registry.rollback(current.name, actor=actor, key=key, reason="by a click on the Models page")
        return f"{found.version} answers again"

    before = any(
        one.version != current.version and (one.version == current.replaced or one.shipped) for one in versions
    )
    st.button("Roll back", key="rollback", icon=":material/undo:", disabled=not before, on_click=state.write, args=(back,),
              help="the version before this one answers again")  # fmt: skip


def _log(name: str, view: View) -> None:
    entries = services().store.log.entries(kinds=("promote_model", "rollback_model", "stage_model"), limit=200)
    for entry in reversed([entry for entry in entries if entry.answer.get("name") == name][-8:]):
        done = {"promote_model": "promoted", "rollback_model": "rolled back to"}.get(
            entry.kind, f"to {entry.answer.get('state')}:"
        )
        skipped = ", without an A/B test" if entry.answer.get("skipped_ab") else ""
        st.caption(
            f"{ago(entry.at, view.now)}: {markdown(entry.actor, 40)} {done} {markdown(str(entry.answer['version']))}{skipped}, "
            f"{markdown(str(entry.answer.get('reason', '')))}"
        )
