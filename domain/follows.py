"""What a watch follows (关注), as people write it: `tieba:forum:云栈`, or the page's own address.

    tieba:forum:<name>       the forum's name without 吧
    zhihu:question:<number>
    zhihu:account:<name>     the last part of the account's address
    weibo:account:<number>

A name for people may follow after a further colon. An address is read into the same form.
"""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from domain.brand import Follow, FollowKind, Source, Watch
from domain.errors import Text
from domain.mention import UNSTORABLE, Platform
from domain.spiders import SPIDERS

LONGEST_KEY = 100

_KEYS: Mapping[tuple[Platform, FollowKind], re.Pattern[str]] = {
    (Platform.TIEBA, FollowKind.FORUM): re.compile(r"[^\s:?&#/%]{1,60}"),
    (Platform.ZHIHU, FollowKind.QUESTION): re.compile(r"[0-9]{1,20}"),
    (Platform.ZHIHU, FollowKind.ACCOUNT): re.compile(r"[A-Za-z0-9._-]{1,80}"),
    (Platform.WEIBO, FollowKind.ACCOUNT): re.compile(r"[0-9]{4,16}"),
}
"""What can be followed where, and what its key looks like."""

_ZHIHU = re.compile(r"/(question|people|org)/([^/]+)(?:/.*)?")
_WEIBO = re.compile(r"/(?:u/|profile/)?([0-9]{4,16})(?:/.*)?")
_BAD_NAME = re.compile(r"[\x00-\x1f\x7f]")


class NotFollowable(ValueError):
    """A text that names nothing that can be followed; `text` says what is allowed instead."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def parse_follow(text: str) -> Follow:
    """Return what `text` names, in either form; NotFollowable says what is allowed."""
    written = text.strip()
    if "://" in written or re.match(r"(?:[a-z]+\.){1,2}(?:com|cn)/", written):
        return _of_address(written)
    platform, _, rest = written.partition(":")
    kind, _, rest = rest.partition(":")
    key, _, name = rest.partition(":")
    try:
        follow = Follow(Platform(platform), FollowKind(kind), key.strip(), name.strip())
    except ValueError:
        raise NotFollowable(_ALLOWED.zh, _ALLOWED.en) from None
    return _checked(follow)


def follow_text(follow: Follow) -> str:
    """Return the text that `parse_follow` reads as the same."""
    text = f"{follow.platform.value}:{follow.kind.value}:{follow.key}"
    return f"{text}:{follow.name}" if follow.name else text


def follow_url(follow: Follow) -> str:
    """Return the address of the page on its platform, for people."""
    key = quote(follow.key)
    if follow.platform is Platform.TIEBA:
        return f"https://tieba.baidu.com/f?kw={key}&ie=utf-8"
    if follow.platform is Platform.WEIBO:
        return f"https://weibo.com/u/{key}"
    part = "question" if follow.kind is FollowKind.QUESTION else "people"
    return f"https://www.zhihu.com/{part}/{key}"


def spider_for(follow: Follow) -> str:
    """Return the name of the spider that reads it."""
    return next(
        spider.name
        for spider in SPIDERS.values()
        if (spider.platform, spider.follows) == (follow.platform, follow.kind)
    )


def followed_by(watch: Watch, source: Source) -> tuple[Follow, ...]:
    """Return what a watch follows through a source."""
    return tuple(f for f in watch.follows if spider_for(f) == source.spider)


_ALLOWED = Text(
    "应写成 tieba:forum:吧名、zhihu:question:数字、zhihu:account:主页地址末段、"
    "weibo:account:数字，或页面网址",
    "must be tieba:forum:NAME, zhihu:question:NUMBER, zhihu:account:NAME, weibo:account:NUMBER, "
    "or the page's address",
)


def _checked(follow: Follow) -> Follow:
    pattern = _KEYS.get((follow.platform, follow.kind))
    name_fits = not _BAD_NAME.search(follow.name) and len(follow.name) <= LONGEST_KEY
    if pattern is None or not pattern.fullmatch(follow.key) or not name_fits:
        raise NotFollowable(_ALLOWED.zh, _ALLOWED.en)
    if UNSTORABLE.search(follow.key + follow.name):
        raise NotFollowable(_ALLOWED.zh, _ALLOWED.en)
    return follow


def _of_address(text: str) -> Follow:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        raise NotFollowable(_ALLOWED.zh, _ALLOWED.en) from None
    follow = None
    if host == "zhihu.com":
        follow = _on_zhihu(parts)
    elif host in {"weibo.com", "m.weibo.cn", "weibo.cn"}:
        match = _WEIBO.fullmatch(parts.path)
        if match is None:
            raise NotFollowable(
                "微博账号需要数字编号：打开它的主页，复制 weibo.com/u/数字 形式的网址",
                "a Weibo account needs its number: open its page, copy the address weibo.com/u/…",
            )
        follow = Follow(Platform.WEIBO, FollowKind.ACCOUNT, match[1])
    elif host == "tieba.baidu.com" and parts.path.rstrip("/") in {"/f", "/mo/q/m"}:
        follow = Follow(Platform.TIEBA, FollowKind.FORUM, _forum_name(parts))
    if follow is None:
        raise NotFollowable(
            f"这个网址不是可以关注的页面；{_ALLOWED.zh}",
            f"nothing at this address can be followed; it {_ALLOWED.en}",
        )
    return _checked(follow)


def _on_zhihu(parts: SplitResult) -> Follow | None:
    match = _ZHIHU.fullmatch(parts.path)
    if match is None:
        return None
    kind = FollowKind.QUESTION if match[1] == "question" else FollowKind.ACCOUNT
    return Follow(Platform.ZHIHU, kind, match[2])


def _forum_name(parts: SplitResult) -> str:
    """The forum of `kw=`, which old addresses write in GBK."""
    try:
        asked = dict(parse_qsl(parts.query, errors="strict"))
    except UnicodeDecodeError:
        asked = dict(parse_qsl(parts.query, encoding="gb18030", errors="replace"))
    return asked.get("kw") or asked.get("word", "")
