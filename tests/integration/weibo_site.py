"""Search result pages as s.weibo.com serves them, of posts that the test made up."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape

from tests.integration.replay_server import Reply, Seen

CHINA = timezone(timedelta(hours=8))
NOTHING = (
    "<html><body><div class='card-no-result'>抱歉，未找到相关结果。</div></body></html>".encode()
)


@dataclass(frozen=True)
class Post:
    """One post; `word` is the search word that finds it."""

    mid: str
    word: str
    at: datetime
    text: str = "云栈奶茶排队好久"

    @property
    def id(self) -> str:
        """The id under which it is stored."""
        return f"weibo:{self.mid}"


def posts(
    number: int, *, word: str, until: datetime, every: timedelta, first: int = 0
) -> list[Post]:
    """Return made-up posts, newest first."""
    return [
        Post(
            str(5_123_000_000_000_000 + first + n), word, until - every * (n + 1), f"{word} 第{n}条"
        )
        for n in range(number)
    ]


def search_page(found: list[Post], *, next_url: str = "") -> bytes:
    """Return the html of one result page."""
    if not found:
        return NOTHING
    more = f'<a class="next" href="{escape(next_url)}">下一页</a>' if next_url else ""
    cards = "".join(_card(post) for post in found)
    return f"<html><head><title>微博搜索</title></head><body>{cards}{more}</body></html>".encode()


class WeiboSite:
    """Answers searches from a list of posts, ten a page, at most fifty pages."""

    def __init__(self, everything: list[Post], *, per_page: int = 10) -> None:
        self.everything = sorted(everything, key=lambda post: post.at, reverse=True)
        self.per_page = per_page

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        if seen.path == "/robots.txt":
            return Reply(status=404)
        found = [post for post in self.everything if post.word == seen.query.get("q")]
        if "timescope" in seen.query:
            start, end = (_hour(part) for part in seen.query["timescope"].split(":")[1:])
            found = [post for post in found if start <= post.at < end]
        page = int(seen.query.get("page", "1"))
        here = found[(page - 1) * self.per_page : page * self.per_page]
        more = len(found) > page * self.per_page and page < 50
        return Reply(search_page(here, next_url=f"{seen.path}?page={page + 1}" if more else ""))


def _hour(text: str) -> datetime:
    day, _, hour = text.rpartition("-")
    return datetime.fromisoformat(day).replace(tzinfo=CHINA) + timedelta(hours=int(hour))


def _card(post: Post) -> str:
    time = f"{post.at.astimezone(CHINA):%Y年%m月%d日 %H:%M}"
    return f"""
<div class="card-wrap" action-type="feed_list_item" mid="{post.mid}">
<div class="card"><div class="content">
<a class="name" nick-name="路人{post.mid[-4:]}" href="//weibo.com/1234567890?refer_flag=1">路人</a>
<p class="txt" node-type="feed_list_content">{escape(post.text)}</p>
<div class="from"><a href="//weibo.com/1234567890/{post.mid}?refer_flag=1">{time}</a></div></div>
<div class="card-act"><ul><li><a action-type="feed_list_forward">转发</a></li>
<li><a action-type="feed_list_comment">评论 2</a></li>
<li><a action-type="feed_list_like"><span class="woo-like-count">赞</span></a></li>
</ul></div></div></div>"""
