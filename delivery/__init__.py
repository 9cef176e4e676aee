"""Turning an alarm into a mail, and handing mails to a mail server."""
