"""Attention: which words decided it, and can I believe that?"""

import streamlit as st

from app.bootstrap import services
from app.domain import NotFound, StackLensError
from app.services.explaining import Explained
from components import state, token_map
from components.navigation import issue_link
from components.plain import markdown
from components.sidebar import view

EXAMPLE = "FATAL: remaining connection slots are reserved for non-replication superuser connections"

shared = view()
state.show_notice()


def explained(text: str) -> Explained | None:
    try:
        with st.spinner("Asking the network; the first time it has to be loaded"):
            return services().explaining.explain(text)
    except StackLensError as error:
        st.warning(markdown(str(error)), icon=":material/info:")
        return None


def of_issue(name: str) -> str:
    """The raw text of the issue that the URL names, "" without one."""
    wanted = st.query_params.get(name, "")
    try:
        return services().inbox.detail(int(wanted)).signature.raw if wanted.isdigit() else ""
    except NotFound:
        st.warning("This issue is no longer stored.", icon=":material/search_off:")
        return ""


def answer(item: Explained, name: str, other: Explained | None, place: str = "one") -> None:
    what, weigh, _ = token_map.MAPS[name]
    reading = item.analysis.examined.reading
    st.markdown(
        f"The network reads **{item.explanation.category}** ({item.explanation.probability:.2f}). The product says "
        f"**{reading.category}**, {item.analysis.judgement.severity}, confidence {reading.confidence:.2f}, by "
        f"{markdown(reading.model.split('@')[0])}; the maps below are of the network."
    )
    token_map.badge(item, name)
    token_map.text_map(item, weigh(item), other)
    st.caption(f"{name}: {what}. Bold on red: the words that hold the first third of it; orange: up to two thirds.")
    st.plotly_chart(token_map.bars(item, weigh(item)), key=f"bars_{place}")


st.subheader("Which words decided it?", anchor=False)
given = of_issue("issue")
left, right = st.columns(2)
text = left.text_area("The error", value=given or EXAMPLE, height=120, key=f"attention_{hash(given)}", max_chars=20_000)
against = right.text_area(
    "Compare with (optional)",
    height=120,
    key="attention_other",
    max_chars=20_000,
    placeholder="a second error, to see what differs",
)
if given:
    issue_link(int(st.query_params["issue"]), "Back to the issue")
name = (
    st.segmented_control("Map", list(token_map.MAPS), default="Error attention", key="attention_map")
    or "Error attention"
)
first = explained(text) if text.strip() else None
second = explained(against) if against.strip() else None
if first is None:
    st.caption("Paste an error to see what the network looked at.")
    st.stop()
if second is None:
    answer(first, name, None)
else:
    for column, item, other, place in zip(
        st.columns(2), (first, second), (second, first), ("left", "right"), strict=True
    ):
        with column:
            answer(item, name, other, place)
    st.caption("‸ marks words that the other error does not have.")
with st.expander("Expert: every layer and head, token by token"):
    layers, heads = first.explanation.trunk.shape[:2]
    tokens = ["[CLS]", *(token.text for token in first.explanation.tokens), "[SEP]"]
    where = st.columns(3)
    layer = where[0].selectbox("Layer", [*range(1, layers + 1), "error attention"], index=layers, key="attention_layer")
    head = where[1].number_input(
        "Head", 1, heads if layer != "error attention" else len(first.explanation.error_heads), 1
    )
    values = first.explanation.error_heads if layer == "error attention" else first.explanation.trunk[int(layer) - 1]
    st.plotly_chart(
        token_map.matrix(values[int(head) - 1], tokens, tokens, "each row: where this token took from"),
        key="attention_matrix",
    )
    focus = first.explanation.trunk.max(axis=-1).mean(axis=-1)
    st.plotly_chart(
        token_map.matrix(focus, [f"layer {n + 1}" for n in range(layers)], [f"head {n + 1}" for n in range(heads)],
                         "how sharply each head looks: 1 = always at one token"), key="attention_heads",
    )  # fmt: skip
