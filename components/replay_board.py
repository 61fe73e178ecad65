"""What a replay shows of one moment: the lanes, the graph, the most urgent issues and the forecast."""

import streamlit as st

from app.services.replay import WINDOW, Film, Frame
from components import graph_figures, replay_figures
from components.graph_figures import Marks
from components.looks import SEVERITY_SHAPE
from components.navigation import issue_link
from components.plain import ago, clock, count, markdown, percent
from components.replay_words import MEANING, simulated
from components.sidebar import View


def board(film: Film, at: float, view: View) -> None:
    """Everything of the moment `at`; it repaints as one."""
    frame = film.frame(at)
    st.plotly_chart(replay_figures.race(film, frame.at, view.zone), key="replay_race", config={"displayModeBar": False})
    st.caption(" ".join(filter(None, (MEANING, simulated(film)))))
    left, right = st.columns([6, 5], gap="medium")
    with left:
        _graph(film, frame, view)
    with right:
        _forecast(film, frame)
        _issues(frame)


def _graph(film: Film, frame: Frame, view: View) -> None:
    picture = frame.picture
    if picture is None:
        st.caption("No service is drawn." if film.missing else "No service is known.")
        return
    causes = picture.reading.causes
    suspect = causes[0] if causes and picture.signals.counts.any() else None
    said = f"**{clock(frame.at, view.zone)}** {view.zone}: system health {picture.reading.system_health:.2f}"
    if suspect is not None:
        said += (
            f", most likely cause **{markdown(picture.graph.names[suspect.service], 60)}** ({percent(suspect.score)})"
        )
    st.markdown(said)
    shown = replay_figures.drawn(film)
    figure = graph_figures.network(picture, shown, Marks(suspect=suspect.service if suspect else None))
    figure.update_layout(uirevision="replay")
    st.plotly_chart(figure, key="replay_graph", config={"displaylogo": False})
    if not shown.all():
        st.caption(f"The {shown.sum()} of {count(len(shown), 'service')} with the most errors in this range.")


def _forecast(film: Film, frame: Frame) -> None:
    st.markdown("**What was expected**")
    forecast = frame.forecast
    if forecast is None:
        st.caption(
            "No forecast: the model is missing." if not any(one.forecast for one in film.frames) and film.missing
            else "No error to forecast from in the hours before."
        )  # fmt: skip
        return
    with st.container(border=True, key="replay-forecast"):
        st.text(forecast.sentence)
        if forecast.forecastable:
            st.caption(markdown(forecast.reason, 300))
    for title, probability, issue_id in forecast.next_errors[:3]:
        label = f"next {percent(probability)} {markdown(title, 90)}"
        if issue_id is None:
            st.markdown(label)
        else:
            issue_link(issue_id, label)


def _issues(frame: Frame) -> None:
    st.markdown(f"**Most urgent of the {WINDOW / 60:.0f} minutes before**")
    if not frame.issues:
        st.caption("No issue had an event.")
        return
    for row in frame.issues:
        where = f" · {markdown(row.service, 40)}" if row.service else ""
        issue_link(row.id, f"{SEVERITY_SHAPE[row.severity]} {markdown(row.title, 90)}")
        st.caption(f"{row.severity}{where} · {count(row.count, 'time')}, last {ago(row.last_seen, frame.at)}")
    if frame.total > len(frame.issues):
        st.caption(f"{count(frame.total - len(frame.issues), 'more issue')} of that half hour.")
