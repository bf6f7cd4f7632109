"""Frames in, figures and payloads out. No Streamlit, no torch."""
