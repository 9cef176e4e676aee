"""Settings, wiring and logs: environment in, services out."""
