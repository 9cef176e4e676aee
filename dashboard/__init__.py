"""The people's side: Streamlit pages over the use cases of `workflow` and `monitoring`."""
