"""The dashboard. Streamlit runs this file on every visit and every click."""

import streamlit as st

from dashboard.pages import navigation
from dashboard.state import me, reading_as
from dashboard.widgets import frame

st.set_page_config(page_title="口碑", page_icon=frame.ICON, layout="wide")
st.html(frame.STYLE)
st.logo(frame.LOGO, size="large")
account = me()
chosen = st.navigation(navigation(), expanded=True)
frame.who(account)
with reading_as(account):
    chosen.run()
