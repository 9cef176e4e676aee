"""What the mention store is compared with: patterns that people use instead, on the same rows."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import DateTime, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from domain.han import fold
from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT
from storage.sqlite.rows import encode

_PLAIN = """
CREATE TABLE post (
    id TEXT PRIMARY KEY, brand TEXT, platform TEXT, label TEXT, published INTEGER, author TEXT,
    reach INTEGER, cluster TEXT, fingerprint INTEGER, source TEXT, collected INTEGER,
    first_seen INTEGER, text TEXT, terms TEXT, document TEXT
) WITHOUT ROWID;
CREATE INDEX post_brand ON post (brand, published);
CREATE INDEX post_label ON post (brand, label, published);
CREATE INDEX post_time ON post (published);
"""
_INSERT = f"INSERT INTO post VALUES ({', '.join('?' * 15)})"


class _Base(DeclarativeBase):
    pass


class _Post(_Base):
    __tablename__ = "post"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    brand: Mapped[str] = mapped_column(String(64), index=True)
    platform: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(16))
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    author: Mapped[str] = mapped_column(String(64))
    likes: Mapped[int | None]
    text: Mapped[str]
    url: Mapped[str]


def upsert_one_by_one(path: Path, mentions: Iterable[Mention]) -> None:
    """Store mentions as crawlers with a database option do: one ORM session; for each item select
    by id, insert or update, commit.
    """
    engine = create_engine(f"sqlite:///{path}")
    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        for mention in mentions:
            known = session.scalars(select(_Post).where(_Post.id == mention.id)).one_or_none()
            if known is None:
                session.add(_Post(**_columns(mention)))
            else:
                known.likes, known.text = mention.likes, mention.text
            session.commit()
    engine.dispose()


class PlainTable:
    """One table that holds the same mentions, with the usual indexes: brand and time, brand, label
    and time, time.
    """

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA mmap_size = 1073741824")
        self.connection.executescript(_PLAIN)

    def insert(self, mentions: Iterable[Mention]) -> None:
        """Add rows; the text in normal form, so that both sides search for the same."""
        with self.connection:
            self.connection.executemany(_INSERT, [_plain_row(mention) for mention in mentions])

    def newest_with(self, word: str, brand: str, *, like: bool) -> list[str]:
        """Fetch the newest 50 posts of a brand with a word, by LIKE or `instr`; return their
        ids.
        """
        has_word = "text LIKE ?" if like else "instr(text, ?) > 0"
        rows = self.connection.execute(
            f"SELECT * FROM post WHERE brand = ? AND {has_word}"
            " ORDER BY published DESC, id LIMIT 50",
            (brand, f"%{fold(word)}%" if like else fold(word)),
        )
        return [mention_id for mention_id, *_ in rows]

    def timeline(self, brand: str, start: datetime, end: datetime) -> int:
        """Group one brand's posts by hour, platform and label; return how many groups."""
        return len(
            self.connection.execute(
                "SELECT published / 3600, platform, label, count(*) FROM post"
                " WHERE brand = ? AND published >= ? AND published < ? GROUP BY 1, 2, 3",
                (brand, int(start.timestamp()), int(end.timestamp())),
            ).fetchall()
        )

    def matrix(self, start: datetime, end: datetime) -> dict[tuple[str, str], int]:
        """Group all posts by platform and label."""
        rows = self.connection.execute(
            "SELECT platform, label, count(*) FROM post"
            " WHERE published >= ? AND published < ? GROUP BY 1, 2",
            (int(start.timestamp()), int(end.timestamp())),
        )
        return {(platform, label): count for platform, label, count in rows}

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def _columns(mention: Mention) -> dict[str, object]:
    return {
        "id": mention.id,
        "brand": min(mention.brand_ids),
        "platform": mention.platform.value,
        "label": mention.sentiment[WHOLE_TEXT].label.value,
        "published_at": mention.published_at,
        "author": mention.author_key,
        "likes": mention.likes,
        "text": mention.text,
        "url": mention.url,
    }


def _plain_row(mention: Mention) -> tuple[object, ...]:
    row = encode(mention)
    return (
        row.id,
        min(mention.brand_ids),
        mention.platform.value,
        mention.sentiment[WHOLE_TEXT].label.value,
        row.published // 1_000_000,
        row.author_key,
        row.reach,
        row.cluster_id,
        row.fingerprint,
        row.source,
        row.collected_at,
        row.first_seen_at,
        fold(mention.text),
        row.terms,
        row.document,
    )
