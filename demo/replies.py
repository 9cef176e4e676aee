"""What is said under a post: its comments, the replies to them, and its reposts.

Deterministic like the world, and in step with its counts: at a moment a post has as many comments
as `Post.counts_at` says, because the place of a comment in that row decides when it was written.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

from demo.people import Person, someone
from demo.phrases import Speaker
from demo.schedule import Mood, Story
from demo.world import REACH_TIME, Post
from domain.mention import Platform
from domain.times import CHINA

_STARTS = {
    Platform.WEIBO: 7_000_000_000_000_000,
    Platform.ZHIHU: 9_300_000_000_000_000_000,
    Platform.TIEBA: 820_000_000_000_000,
}
"""Where the numbers of comments begin, beyond those that the platforms have given out."""
_NUMBERS = 10**14
_ANSWERS_ONE = 0.35
"""So many comments answer another one."""
_MOODS = {
    Mood.NEGATIVE: (3, 27, 70),
    Mood.NEUTRAL: (25, 65, 10),
    Mood.POSITIVE: (45, 50, 5),
}
"""How often a comment is positive, neutral, negative, by the mood of what it stands under."""
_VANISHES_AFTER = timedelta(days=2)
_VANISHING = 0.05


@dataclass(frozen=True, slots=True)
class Reply:
    """One comment. `under` is the id of the comment it answers, "" where it answers the post."""

    native_id: str
    author: Person
    text: str
    published_at: datetime
    mood: Mood
    under: str = ""
    likes: int = 0

    def likes_at(self, moment: datetime) -> int:
        """Return the likes at a moment; they grow like those of a post."""
        return int(self.likes * _grown(max((moment - self.published_at) / REACH_TIME, 0.0)))


def comments_at(post: Post, moment: datetime) -> Sequence[Reply]:
    """Return the comments and replies that stand under a post at a moment, oldest first."""
    return _comments(post)[: post.counts_at(moment)[1]]


def roots_at(post: Post, moment: datetime) -> list[Reply]:
    """Return those that answer the post itself, oldest first."""
    return [reply for reply in comments_at(post, moment) if not reply.under]


def answers_at(post: Post, root: str, moment: datetime) -> list[Reply]:
    """Return the replies to one comment, oldest first."""
    return [reply for reply in comments_at(post, moment) if reply.under == root]


def reposts_at(post: Post, everyone: Sequence[Post], moment: datetime) -> list[Post]:
    """Return the reposts of a Weibo post at a moment, newest first: those that the search finds,
    too, and those that only the post's own list has.
    """
    own = [other for other in everyone if other.repost_of == post]
    more = _reposts(post)[: post.counts_at(moment)[2]]
    return sorted([*own, *more], key=lambda p: (p.published_at, p.native_id), reverse=True)


def has_vanished(post: Post, moment: datetime) -> bool:
    """Whether the post's own page is gone: one complaint in twenty, two days after it was made.
    The search goes on finding it, as an index does that forgets slowly.
    """
    if post.story is not Story.CALM or post.mood is not Mood.NEGATIVE:
        return False
    old = moment - post.published_at > _VANISHES_AFTER
    return old and _chance(post, "fate").random() < _VANISHING


def place_of(person: Person) -> str:
    """Return the province that the platforms show beside a person."""
    return ("浙江", "广东", "四川", "北京", "湖北", "福建")[int(person.uid) % 6]


@lru_cache(maxsize=512)
def _comments(post: Post) -> tuple[Reply, ...]:
    """All that will ever be said under a post."""
    replies: list[Reply] = []
    roots: list[str] = []
    for place in range(post.comments):
        random = _chance(post, f"comment {place}")
        under = random.choice(roots) if roots and random.random() < _ANSWERS_ONE else ""
        reply = _comment(post, place, random, under)
        if not under:
            roots.append(reply.native_id)
        replies.append(reply)
    return tuple(replies)


def _comment(post: Post, place: int, random: Random, under: str) -> Reply:
    at = _time_of(post, place, post.comments)
    mood = random.choices((Mood.POSITIVE, Mood.NEUTRAL, Mood.NEGATIVE), _MOODS[post.mood])[0]
    return Reply(
        native_id=_number(post, f"comment {place}"),
        author=someone(random),
        text=Speaker(random, at.astimezone(CHINA).hour).say(f"comments_{mood.value}"),
        published_at=at,
        mood=mood,
        under=under,
        likes=min(int(random.paretovariate(1.2)) - 1, 3_000),
    )


@lru_cache(maxsize=128)
def _reposts(post: Post) -> tuple[Post, ...]:
    return tuple(_repost(post, place) for place in range(post.reposts))


def _repost(post: Post, place: int) -> Post:
    random = _chance(post, f"repost {place}")
    at = _time_of(post, place, post.reposts)
    speaker = Speaker(random, at.astimezone(CHINA).hour)
    said = "转发微博"
    if post.story is Story.CRISIS and random.random() < 0.5:
        said = f"{speaker.say('reposts')}//@{post.author.name}:{post.text}"
    return Post(
        post.platform,
        post.kind,
        _number(post, f"repost {place}"),
        someone(random),
        said,
        at,
        post.mood,
        post.story,
        likes=int(random.paretovariate(1.5)) - 1,
        repost_of=post,
    )


def _time_of(post: Post, place: int, total: int) -> datetime:
    """When the count of a post reaches `place + 1`: the inverse of how counts grow."""
    left = 1 - (place + 1) / total if place + 1 < total else 0.25 / total
    age = 1 / math.sqrt(left) - 1
    return (post.published_at + age * REACH_TIME).replace(microsecond=0)


def _grown(age: float) -> float:
    return 1 - 1 / (1 + age) ** 2


def _chance(post: Post, what: str) -> Random:
    return Random(f"{post.native_id}|{what}")  # noqa: S311  # a play, not a secret


def _number(post: Post, what: str) -> str:
    digest = hashlib.sha256(f"{post.platform}|{post.native_id}|{what}".encode()).digest()
    return str(_STARTS[post.platform] + int.from_bytes(digest[:8]) % _NUMBERS)
