"""What a robot says: subject and a few lines, cut to bytes, with nothing that calls people."""

from domain.outbox import OutboxMail
from presentation.hostile import without_commands

_REPEAT = "（可能重复 / possible duplicate）"
_LINKS = ("http://", "https://")
_ELLIPSIS = "…"


def message_of(mail: OutboxMail, limit: int, *, keyword: str = "") -> str:
    """Return the text of a mail within `limit` bytes of UTF-8, its link kept.

    `keyword` is one that the robot wants in every message; it is put in front when it is missing.
    Signs that chat services read as a call to people (`<at …>`, `<@…>`) are written full-width.
    """
    lines = [mail.rendered.subject, *mail.rendered.text.strip().splitlines()]
    if mail.may_repeat:
        lines.insert(0, _REPEAT)
    text = without_commands("\n".join(lines)).replace("<", "＜")
    if keyword and keyword not in text[: limit // 8]:
        text = f"{keyword} {text}"
    return cut(text, limit)


def cut(text: str, limit: int) -> str:
    """Return `text` in at most `limit` bytes of UTF-8, whole signs only; of one that is cut the
    last link stays, because without it nobody can act.
    """
    if len(text.encode()) <= limit:
        return text
    link = next((ln for ln in reversed(text.splitlines()) if ln.startswith(_LINKS)), "")
    tail = f"{_ELLIPSIS}\n{link}" if link else _ELLIPSIS
    room = limit - len(tail.encode())
    if room < 0:
        return text.encode()[:limit].decode("utf-8", "ignore")
    return text.encode()[:room].decode("utf-8", "ignore").rstrip() + tail
