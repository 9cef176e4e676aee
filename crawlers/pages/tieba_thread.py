"""A Tieba thread as the 2026 site reads it: the replies that its page asks for (`pb/page_pc`).

The reply has the opening post (`first_floor`), the floors of the page (`post_list`) with up to four
replies each, and everybody who speaks on it (`user_list`), with the place of their address. Where
`first_floor` is missing, the opening post is the floor written in the second the thread was
created. `thread.post_id` is the first post of the page, whichever it is, and `floor` was 0 in
every reply seen: neither is used. The list is virtual and repeats floors, so they are kept by id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from crawlers.pages import tieba_post as post
from crawlers.pages import walls
from crawlers.pages.document import Document, bounded
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "tieba_thread"

_Object = Mapping[str, object]


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the opening post, the floors and the replies shown below them (`embedded`).

    `next` is the number of the next page. A thread that is gone says so in an error; a reply with
    neither floors nor opening post is no empty thread but an unknown layout. Raises LayoutChanged
    when a floor has no readable id or time, or when no floor has a text or an author.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.TIEBA, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a page_pc reply about a thread."""
    reply = document.object
    return isinstance(reply.get("thread"), dict) or any(
        key in reply for key in ("post_list", "first_floor")
    )


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    reply = document.object
    thread = _Thread.of(document)
    posts = bounded(_posts(reply.get("post_list")), PAGE)
    opening = post.inside(reply, "first_floor")
    if not posts and not opening:
        raise LayoutChanged(PAGE, "post_list")
    if not any("content" in one for one in (*posts, opening)):
        raise LayoutChanged(PAGE, "content")
    found = list(thread.opening(opening)) if opening else []
    same = opening or thread.opening_among(posts)
    for one in posts:
        found += thread.post_of_list(one, is_opening=_is_same(one, same))
    mentions = post.once(found)
    post.demand(mentions, PAGE, author="user_list", time="time")
    following, reason = next_page(reply, PAGE, document.url)
    return Page(page=PAGE, state=PageState.OK, mentions=mentions, next=following, reason=reason)


def next_page(reply: _Object, page: str, url: str) -> tuple[str | None, str]:
    """The number of the next page by `page {has_more, current_page, total_page}`, and the reason
    why it is not known where the reply does not tell.
    """
    paging = post.inside(reply, "page")
    current = read_count(paging.get("current_page")) or read_count(post.parameter(url, "pn"))
    more, total = paging.get("has_more"), read_count(paging.get("total_page"))
    if more is None and total is None:
        return None, "does not say whether there is more"
    if more is None:
        has_more = (current or 1) < (total or 0)
        current = current or 1
    else:
        has_more = more is True or bool(read_count(more))
    if not has_more:
        return None, ""
    if not current:
        raise LayoutChanged(page, "page.current_page")
    return str(current + 1), ""


def _posts(value: object) -> list[_Object]:
    if value is not None and not isinstance(value, list | dict):
        raise LayoutChanged(PAGE, "post_list")
    posts = post.entries(value)
    if value and len(posts) < len(value):
        raise LayoutChanged(PAGE, "post_list[]")
    return posts


def _is_same(one: _Object, other: _Object | None) -> bool:
    return other is not None and post.native(one.get("id")) == post.native(other.get("id"))


@dataclass(frozen=True, slots=True)
class _Thread:
    """What a reply says about the thread as a whole, for the reading of its posts."""

    tid: str
    title: str
    forum: str
    about: _Object
    users: Mapping[str, _Object]
    is_later_page: bool
    fetched_at: datetime

    @classmethod
    def of(cls, document: Document) -> "_Thread":
        reply = document.object
        about = post.inside(reply, "thread")
        tid = (
            post.native(about.get("id"))
            or post.native(about.get("tid"))
            or post.native(post.inside(reply, "first_floor").get("tid"))
            or post.thread_in(document.url)
        )
        if tid is None:
            raise LayoutChanged(PAGE, "thread.id")
        users = post.entries(reply.get("user_list"))
        return cls(
            tid=tid,
            title=post.first_words(about, "title"),
            forum=post.first_words(post.inside(reply, "display_forum"), "name")
            or post.first_words(post.inside(reply, "forum"), "name"),
            about=about,
            users={str(user.get("id")): user for user in users},
            is_later_page=(read_count(post.inside(reply, "page").get("current_page")) or 1) > 1,
            fetched_at=document.fetched_at,
        )

    def opening_among(self, posts: list[_Object]) -> _Object | None:
        """The post written in the second in which the thread was created."""
        created = read_time(self.about.get("create_time"), fetched_at=self.fetched_at)
        if created is None:
            return None
        same = [one for one in posts if self._time(one) == created and one.get("id")]
        return min(same, key=lambda one: str(one.get("id")), default=None)

    def opening(self, one: _Object) -> Iterator[FoundMention]:
        """The opening post beside the list; on later pages it is only there for orientation."""
        yield self._opening(one, embedded=self.is_later_page)
        yield from self._replies(one, is_to_thread=True)

    def post_of_list(self, one: _Object, *, is_opening: bool) -> Iterator[FoundMention]:
        """A post of the list, and the replies to it that the page shows."""
        yield self._opening(one) if is_opening else self._floor(one)
        yield from self._replies(one, is_to_thread=is_opening)

    def _opening(self, one: _Object, *, embedded: bool = False) -> FoundMention:
        about, likes = self.about, _likes(one)
        told = self._time(one) or read_time(about.get("create_time"), fetched_at=self.fetched_at)
        return self._mention(
            post.thread(self.tid, post.native(one.get("id"))),
            one,
            told,
            user=self._user(one) or post.inside(about, "author"),
            title=self.title or post.first_words(one, "title"),
            comments=read_count(about.get("reply_num")),
            likes=_likes(about) if likes is None else likes,
            reposts=read_count(about.get("share_num")),
            views=read_count(about.get("view_num")),
            embedded=embedded,
        )

    def _floor(self, one: _Object) -> FoundMention:
        pid = post.native(one.get("id"))
        if pid is None:
            raise LayoutChanged(PAGE, "post_list[].id")
        return self._mention(
            post.floor(self.tid, pid),
            one,
            self._time(one),
            user=self._user(one),
            comments=read_count(one.get("sub_post_number")),
            likes=_likes(one),
        )

    def _replies(self, one: _Object, *, is_to_thread: bool) -> Iterator[FoundMention]:
        shown = one.get("sub_post_list")
        inner = shown.get("sub_post_list") if isinstance(shown, dict) else shown
        pid = post.native(one.get("id")) if inner else None
        for reply in post.entries(inner):
            cid = post.native(reply.get("id"))
            if cid is None:
                raise LayoutChanged(PAGE, "sub_post_list[].id")
            yield self._mention(
                post.reply(self.tid, pid, cid, to_thread=is_to_thread),
                reply,
                self._time(reply),
                user=self._user(reply),
                likes=_likes(reply),
                embedded=True,
            )

    def _mention(
        self,
        place: post.Place,
        one: _Object,
        told: post.Told | None,
        *,
        user: _Object,
        likes: int | None,
        title: str = "",
        comments: int | None = None,
        reposts: int | None = None,
        views: int | None = None,
        embedded: bool = False,
    ) -> FoundMention:
        if told is None:
            raise LayoutChanged(PAGE, "time")
        return post.mention(
            place,
            told,
            title=title,
            text=post.content_text(one.get("content")) or "",
            author=post.first_words(user, "name_show", "show_nickname", "name"),
            author_uid=post.uid(
                user.get("id") or one.get("author_id"), user.get("portrait"), user.get("name")
            ),
            forum=self.forum,
            comments=comments,
            likes=likes,
            reposts=reposts,
            views=views,
            ip_location=post.ip_place(user.get("ip_address") or one.get("ip_address")),
            embedded=embedded,
        )

    def _time(self, one: _Object) -> post.Told | None:
        return read_time(one.get("time"), fetched_at=self.fetched_at)

    def _user(self, one: _Object) -> _Object:
        return self.users.get(str(one.get("author_id"))) or post.inside(one, "author")


def _likes(one: _Object) -> int | None:
    for holder, name in (("agree", "agree_num"), ("", "agree_num"), ("zan", "num")):
        count = (post.inside(one, holder) if holder else one).get(name)
        if count is not None and (likes := read_count(count)) is not None:
            return likes
    return None
