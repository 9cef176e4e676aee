"""One file a revision, `NNNN_what.py`. A published revision never changes."""
