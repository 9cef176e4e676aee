"""Weekly and daily reports."""
