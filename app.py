"""The app, for `streamlit run app.py`: Streamlit as an ASGI application behind the project's own headers."""

import streamlit as st

from kpod.ui.security import middleware

# The pages hang on kpod/ui/main.py, not on this file: a script beside `pages/` would be skipped on a cold deep link.
app = st.App("kpod/ui/main.py", middleware=middleware())
