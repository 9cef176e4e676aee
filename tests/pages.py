"""Saved pages as fixtures: a folder holds the body (`page.html` or `page.json`) and what a reader
must say of it (`expected.json`, fields left out are the defaults).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from domain.mention import Kind, Platform, Precision
from domain.page import BlockKind, FoundMention, Page, PageState

PAGES = Path(__file__).with_name("fixtures") / "pages"
SOME_TIME = "2026-11-20T12:00:30+08:00"


@dataclass(frozen=True)
class SavedPage:
    """A fixture. `is_wall`: the page is recognised before anybody knows whose reader is meant."""

    name: str
    body: bytes
    url: str
    status: int
    fetched_at: datetime
    is_wall: bool
    expected: Page

    def __str__(self) -> str:
        return self.name


def saved_pages(surface: str) -> list[SavedPage]:
    """Return every fixture of a surface."""
    folders = sorted(path for path in (PAGES / surface).iterdir() if path.is_dir())
    assert folders, f"no fixtures for {surface}"
    return [load_page(folder, surface) for folder in folders]


def load_page(folder: Path, surface: str) -> SavedPage:
    """Return the fixture in a folder."""
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    (body,) = folder.glob("page.*")
    return SavedPage(
        name=folder.name,
        body=body.read_bytes(),
        url=told.get("url", ""),
        status=told.get("status", 200),
        fetched_at=_moment(told.get("fetched_at", SOME_TIME)),
        is_wall=told.get("wall", False),
        expected=_page(told["page"], surface),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _page(told: dict[str, object], surface: str) -> Page:
    platform = Platform(surface.partition("_")[0])
    fields = {"page": surface, **told}
    fields["state"] = PageState(fields["state"])
    if kind := fields.get("block_kind"):
        fields["block_kind"] = BlockKind(str(kind))
    fields["mentions"] = tuple(_mention(each, platform) for each in told.get("mentions", []))  # type: ignore[attr-defined]
    fields["leads"] = tuple(told.get("leads", ()))  # type: ignore[arg-type]
    return Page(**fields)  # type: ignore[arg-type]


def _mention(told: dict[str, object], platform: Platform) -> FoundMention:
    fields = {"text": "", **told, "platform": platform, "kind": Kind(told["kind"])}
    for key in ("published_at", "edited_at", "stirred_at"):
        if fields.get(key):
            fields[key] = _moment(str(fields[key]))
    fields["published_precision"] = Precision(str(told.get("published_precision", "second")))
    return FoundMention(**fields)  # type: ignore[arg-type]
