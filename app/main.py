"""The dashboard's entry: page frame and navigation. Streamlit runs this file again at every click."""

import streamlit as st

from app.domain import StoreUnavailable
from app.settings import ROOT
from components import tour
from components.looks import style
from components.navigation import DEFAULT, pages
from components.outage import outage

st.set_page_config(
    page_title="StackLens", page_icon=str(ROOT / "components" / "favicon.svg"), layout="wide", initial_sidebar_state="expanded"
)
page = st.navigation(pages(), expanded=True)
style()
try:
    tour.draw(page.url_path or DEFAULT)
    page.run()
except StoreUnavailable as error:  # the sentence that says so, and no traceback
    outage(error)
