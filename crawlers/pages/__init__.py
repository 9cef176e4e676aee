"""Page readers: pure `parse(body, *, url, status, fetched_at) -> Page`. Selectors live here
only.
"""
