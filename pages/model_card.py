"""Models: which version answers, how good is it beside simple rivals, and where was it wrong?"""

import streamlit as st

from app.bootstrap import services
from components import model_figures, model_jobs, model_versions, state
from components.navigation import issue_link
from components.plain import ago, markdown
from components.sidebar import view
from models.taxonomy import CATEGORIES, SEVERITIES

MEASURES = {
    "category_accuracy": "category right",
    "severity_accuracy": "severity right",
    "both_accuracy": "both right",
    "critical_precision": "critical: precision",
    "critical_recall": "critical: recall",
    "ece": "calibration error (lower is better)",
    "risk_at_80_coverage": "wrong among the surest 80 %",
}

shared = view()
state.show_notice()
measured, versions, jobs = st.tabs(["Measured", "Versions", "Jobs"])
with versions:
    model_versions.panel(shared)
with jobs:
    model_jobs.panel(shared)
with measured:
    card = services().model_card.card()
    st.subheader("Which version answers?", anchor=False)
    st.text(card.version)
    if not card.readers:
        st.info("No measured network ships beside this encoder; the kernel reader answers.", icon=":material/info:")
    else:
        product, rivals = (
            card.readers["product"],
            {name: card.readers[name] for name in card.readers if name != "product"},
        )
        best = max(rivals, key=lambda name: rivals[name]["both_accuracy"]["value"])
        gain = product["both_accuracy"]["value"] - rivals[best]["both_accuracy"]["value"]
        said = f"{100 * gain:.1f} points above" if gain >= 0 else f"{-100 * gain:.1f} points below"
        st.markdown(
            f"On technologies that it never saw it has category and severity both right in "
            f"**{100 * product['both_accuracy']['value']:.0f} %** of the errors: {said} its best rival there, *{best}*. "
            "A network or a blend takes over only if, on other families held back for the choice, its gain is beyond chance."
        )
        st.dataframe(
            [
                {
                    "": words,
                    **{
                        name: f"{found[key]['value']:.3f}  [{found[key]['low']:.3f}, {found[key]['high']:.3f}]"
                        for name, found in card.readers.items()
                        if key in found
                    },
                }
                for key, words in MEASURES.items()
                if key in product
            ],
            hide_index=True,
        )
        split = card.card.get("split", {})
        st.caption(
            f"{card.figures.get('n', 0)} templates of {split.get('test_families', 0)} families of technologies, whole families "
            f"left out of the fit; 95 % intervals over templates. {markdown(str(card.card.get('note', '')))}"
        )
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Does its confidence mean what it says?**")
            st.plotly_chart(model_figures.reliability(card.figures.get("reliability", [])), key="reliability")
            st.markdown("**Severity: what it takes for what**")
            st.plotly_chart(
                model_figures.confusion(card.figures.get("severity_confusion", []), SEVERITIES), key="severities"
            )
        with right:
            st.markdown("**Would more examples help?**")
            st.plotly_chart(model_figures.curve(card.curve), key="curve")
            st.markdown("**Category: what it takes for what**")
            st.plotly_chart(
                model_figures.confusion(card.figures.get("category_confusion", []), CATEGORIES), key="categories"
            )
    st.markdown("**Where I was wrong**, by the last corrections of people")
    for mistake in card.mistakes:
        was = f"{mistake.was} → " if mistake.was else ""
        title = markdown(mistake.issue.title, 110) if mistake.issue else "an issue that is no longer stored"
        if mistake.issue:
            issue_link(mistake.issue.id, title)
        else:
            st.markdown(title)
        st.caption(
            f"{mistake.what}: {was}{mistake.now}, {markdown(mistake.entry.actor, 40)}, {ago(mistake.entry.at, shared.now)}"
        )
    if not card.mistakes:
        st.caption("Nobody has corrected a severity or a category yet; a click on either in the Inbox does.")
