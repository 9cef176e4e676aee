"""The demo world: everything that is said about an invented tea company, deterministic by seed.

A world is born at a moment; it reaches some days back and two weeks ahead. The platforms show of it
what was published until the demo's clock, so a crisis goes on growing while one looks.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from random import Random

from demo.people import Person, someone, the_company
from demo.phrases import BRAND, COMPETITOR, PATH, Speaker, named
from demo.schedule import SERIALS, Cue, Mood, Story, cues
from domain.han import fold
from domain.mention import Kind, Platform
from domain.times import CHINA

_FIRST_MOMENT = 1_600_000_000
_REACH_TIME = timedelta(hours=5)
"""After so long a post has about two thirds of the attention that it will ever get."""

_EMOTICONS = {
    Mood.POSITIVE: ("[开心]", "[嘻嘻]", "[心]", "[赞]", "[太阳]", "[doge]"),
    Mood.NEUTRAL: ("[doge]", "[思考]", "[并不简单]", "[微笑]"),
    Mood.NEGATIVE: ("[怒]", "[吐]", "[衰]", "[费解]", "[裂开]"),
}
_TAGS = {
    Story.CALM: ("#云栈茶饮#", "#今天喝什么茶#"),
    Story.WAVE: ("#云栈云海葡萄#",),
}
_CRISIS_TAGS = {
    "first_post": "#食品安全#",
    "insect": "#云栈奶茶喝出虫子#",
    "expired": "#云栈过期原料#",
    "anger": "#云栈回应#",
}
_FORUMS = ("云栈", "奶茶", "澜屿", "栖川")


@dataclass(frozen=True, slots=True)
class Post:
    """One thing said. `text` is what a person reads, paragraphs on lines of their own.

    `native_id` is Weibo's mid, the id of a Zhihu answer or article, or the pid of a Tieba floor.
    `parent_id` is Zhihu's question or Tieba's thread, "" where there is none. Counts are those that
    the post ends up with; `counts_at` tells those of a moment.
    """

    platform: Platform
    kind: Kind
    native_id: str
    author: Person
    text: str
    published_at: datetime
    mood: Mood
    story: Story
    title: str = ""
    parent_id: str = ""
    forum: str = ""
    likes: int = 0
    comments: int = 0
    reposts: int = 0
    repost_of: "Post | None" = None

    @property
    def brands(self) -> tuple[str, ...]:
        """The ids of the brands that it names; the mountain path is none."""
        if self.story is Story.COLLISION:
            return ()
        said = fold(f"{self.title}\n{self.text}")
        words = {"yunzhan": BRAND, "banshan": COMPETITOR}
        return tuple(brand for brand, word in words.items() if word in said)

    def counts_at(self, moment: datetime) -> tuple[int, int, int]:
        """Return likes, comments and reposts at a moment: they grow, quickly at first."""
        age = max((moment - self.published_at) / _REACH_TIME, 0.0)
        grown = 1 - 1 / (1 + age) ** 2
        return int(self.likes * grown), int(self.comments * grown), int(self.reposts * grown)


@dataclass(frozen=True)
class World:
    """Every post of all times, oldest first; `until` says what can be seen at a moment."""

    born: datetime
    posts: tuple[Post, ...]

    @cached_property
    def _by_platform(self) -> dict[Platform, tuple[list[datetime], list[Post]]]:
        split: dict[Platform, tuple[list[datetime], list[Post]]] = {p: ([], []) for p in Platform}
        for post in self.posts:
            times, posts = split[post.platform]
            times.append(post.published_at)
            posts.append(post)
        return split

    def until(self, moment: datetime, platform: Platform) -> Sequence[Post]:
        """Return what a platform holds at a moment, oldest first."""
        times, posts = self._by_platform[platform]
        return posts[: bisect_right(times, moment)]


def build_world(
    seed: int, born: datetime, *, days: int = 8, crisis_hours_ago: float = 6.0
) -> World:
    """Return the world of the tea company. `crisis_hours_ago` counts back from `born`.

    A crisis that lies ahead (a negative number) begins while the demo runs.
    """
    born = born.replace(microsecond=0)
    crisis_begins = born - timedelta(hours=crisis_hours_ago)
    plan = sorted(
        cues(seed, born, days=days, crisis_begins=crisis_begins), key=lambda c: (c.at, c.serial)
    )
    posts: list[Post] = []
    first: Post | None = None
    for cue in plan:
        post = _write(seed, cue, first)
        if first is None and cue.story is Story.CRISIS:
            first = post = replace(post, likes=5_200, comments=1_900, reposts=3_400)
        posts.append(post)
    return World(born, tuple(posts))


def build_uniform_world(seed: int, born: datetime, *, days: int, count: int) -> World:
    """Return `count` Weibo posts at even distances over `days`; the other platforms are silent."""
    born = born.replace(microsecond=0)
    step = timedelta(days=days) / count
    begin = born - timedelta(days=days) + step / 2
    moods = tuple(Mood)
    posts = []
    for number in range(count):
        at = (begin + number * step).replace(microsecond=0)
        cue = Cue(at, Platform.WEIBO, moods[number % 3], Story.CALM, number % SERIALS)
        post = _write(seed, cue, None)
        posts.append(replace(post, text=f"{post.text} 第{number}号"))
    return World(born, tuple(posts))


def _write(seed: int, cue: Cue, first: Post | None) -> Post:
    random = Random(f"{seed}|{cue.at.isoformat()}|{cue.serial}")  # noqa: S311  # a play
    speaker = Speaker(random, cue.at.astimezone(CHINA).hour)
    author = the_company(cue.platform) if cue.story is Story.OWN else someone(random)
    writers = {Platform.WEIBO: _weibo, Platform.ZHIHU: _zhihu, Platform.TIEBA: _tieba}
    post = writers[cue.platform](speaker, cue, author)
    if first is not None and _passes_on(random, cue, first):
        post = replace(
            post,
            text=f"{speaker.say('reposts')}//@{first.author.name}:{first.text}",
            repost_of=first,
        )
    heat = random.paretovariate(1.3) * (3 if cue.story is Story.CRISIS else 1)
    return replace(
        post,
        likes=min(int(heat * 4), 9_000),
        comments=min(int(heat * 1.5), 2_000),
        reposts=min(int(heat * random.random()), 2_000),
    )


def _passes_on(random: Random, cue: Cue, first: Post) -> bool:
    late = cue.at - first.published_at > timedelta(hours=1)
    wants = cue.story is Story.CRISIS and cue.platform is Platform.WEIBO
    return wants and late and random.random() < 0.25


def _id(cue: Cue, start: int) -> str:
    """An id that grows with time and is unique; `start` lies beyond what platforms have given."""
    seconds = int(cue.at.timestamp()) - _FIRST_MOMENT
    return str(start + seconds * SERIALS + cue.serial)


def _pools(cue: Cue) -> tuple[str, str]:
    """The files from which the sentences and the closing words of a cue come."""
    if cue.story is Story.CRISIS:
        return f"crisis_{cue.chapter}", "tails_crisis"
    if cue.story is Story.WAVE and cue.mood is Mood.POSITIVE:
        return "wave", "tails_positive"
    return cue.mood.value, f"tails_{cue.mood.value}"


def _utterance(speaker: Speaker, cue: Cue, sentences: int = 1) -> str:
    """What somebody says in a few words, whatever the platform."""
    if cue.chapter == "first_post":
        return speaker.say("first_post")
    special = {Story.ADVERT: "ads", Story.COLLISION: "collision", Story.OWN: "own"}
    if cue.story in special:
        statement = cue.story is Story.OWN and cue.mood is Mood.NEUTRAL
        return speaker.say("statement" if statement else special[cue.story])
    pool, tails = _pools(cue)
    if pool == "neutral" and speaker.random.random() < 0.5:
        pool = "asks"
    said = _joined(speaker.say_some(pool, sentences), "，")
    return named(f"{said}{speaker.say(tails)}")


def _joined(sentences: Sequence[str], end: str) -> str:
    """The sentences with a full stop between them and `end` at the end, one mark each."""
    marked = [s if s.endswith(("？", "！")) else f"{s}。" for s in sentences]
    last = sentences[-1]
    return "".join(marked[:-1]) + (last if last.endswith(("？", "！")) else f"{last}{end}")


def _weibo(speaker: Speaker, cue: Cue, author: Person) -> Post:
    random = speaker.random
    if cue.chapter == "expired" and random.random() < 0.2:
        text = speaker.say("copypasta")
    else:
        text = _utterance(speaker, cue, sentences=3 if random.random() < 0.06 else 1)
        text = _dressed(random, text, cue)
    return Post(
        Platform.WEIBO,
        Kind.POST,
        _id(cue, 6_100_000_000_000_000),
        author,
        text,
        cue.at,
        cue.mood,
        cue.story,
    )


def _dressed(random: Random, text: str, cue: Cue) -> str:
    """The text with what Weibo people hang on it: emoticons, topics, names."""
    tags = (_CRISIS_TAGS[cue.chapter],) if cue.chapter else _TAGS.get(cue.story)
    if tags is None:
        return text
    if random.random() < 0.45:
        text += random.choice(_EMOTICONS[cue.mood])
    if random.random() < (0.3 if cue.story is Story.CRISIS else 0.08):
        text = f"{random.choice(tags)} {text}"
    if random.random() < 0.06:
        text += f" @{someone(random).name}"
    return text


def _zhihu(speaker: Speaker, cue: Cue, author: Person) -> Post:
    random = speaker.random
    pool, tails = _pools(cue)
    opener = speaker.say(f"openers_zhihu_{_temper(cue)}")
    body = [named(_joined([line], "。")) for line in speaker.say_some(pool, random.randint(3, 6))]
    text = "\n".join([opener, *body, f"{speaker.say(tails)}。"])
    article = random.random() < 0.2
    question = _question(speaker, cue)
    return Post(
        Platform.ZHIHU,
        Kind.ARTICLE if article else Kind.ANSWER,
        _id(cue, 9_100_000_000_000_000_000),
        author,
        text,
        cue.at,
        cue.mood,
        cue.story,
        title=_title(speaker, cue) if article else question,
        parent_id="" if article else question_id(question),
    )


def _temper(cue: Cue) -> str:
    if cue.story is Story.CRISIS:
        return "crisis"
    return "negative" if cue.mood is Mood.NEGATIVE else "calm"


def _question(speaker: Speaker, cue: Cue) -> str:
    if cue.story is Story.WAVE:
        return speaker.say("questions_wave")
    return speaker.say(f"questions_{cue.chapter or _temper(cue)}")


def question_id(question: str) -> str:
    """The same question has the same id in every world."""
    return str(9_200_000_000_000_000_000 + Random(question).randrange(10**15))  # noqa: S311


def _title(speaker: Speaker, cue: Cue) -> str:
    if cue.story is Story.WAVE and cue.mood is Mood.POSITIVE:
        return speaker.say("wave")
    return speaker.say(f"titles_{cue.chapter or cue.mood.value}")


def _tieba(speaker: Speaker, cue: Cue, author: Person) -> Post:
    random = speaker.random
    text = _utterance(speaker, cue, sentences=random.choice((1, 1, 2)))
    reply = cue.story in {Story.CALM, Story.CRISIS} and random.random() < 0.3
    own_words = cue.story in {Story.ADVERT, Story.OWN, Story.COLLISION}
    title = text.split("，")[0] if own_words else _title(speaker, cue)
    return Post(
        Platform.TIEBA,
        Kind.FLOOR if reply else Kind.THREAD,
        _id(cue, 800_000_000_000_000),
        author,
        text,
        cue.at,
        cue.mood,
        cue.story,
        title=f"回复：{title}" if reply else title,
        parent_id=_id(cue, 90_000_000_000_000),
        forum="徒步" if cue.story is Story.COLLISION else random.choice(_FORUMS),
    )


def is_relevant(post: Post) -> bool:
    """Whether a post is about the company and not about the mountain path."""
    return PATH not in fold(f"{post.title}\n{post.text}") and "yunzhan" in post.brands
