"""The dashboard's entry: page frame and navigation. Streamlit runs this file again at every click."""

import streamlit as st

from app.settings import ROOT
from components.looks import style
from components.navigation import pages

st.set_page_config(
    page_title="StackLens", page_icon=str(ROOT / "components" / "favicon.svg"), layout="wide", initial_sidebar_state="expanded"
)
page = st.navigation(pages(), expanded=True)
style()
page.run()
