"""Playwright: finding a Chromium, contexts, the address guard inside the browser."""
