"""Wording, masking, time and number formats: what mail, report and page must say alike."""
