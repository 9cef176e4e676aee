"""What people do with signals: silences, notices, the roster."""
