"""A post as Weibo's JSON carries it, the same object on m.weibo.cn (`mblog`) and weibo.com.

m.weibo.cn calls the short id `bid` and has the text as markup (`text`); weibo.com calls it
`mblogid` and adds `text_raw`, where links are bare t.cn addresses whose titles stand in
`url_struct`. Counts are numbers or words (`"100万+"`). Of an original that is gone only a notice is
left: its `user` is null. What several pages of Weibo share besides stands here too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from crawlers.pages.document import Document, asked, bounded
from crawlers.pages.text import clean, markup_text, plain_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time
from domain.weibo_ids import bid_of, mid_of

Fields = Mapping[str, object]
"""A JSON object."""

_MID = re.compile(r"[0-9]{8,20}")
_UID = re.compile(r"[0-9]{1,19}")
_BID = re.compile(r"[0-9A-Za-z]{5,12}")
_SHORT_LINK = re.compile(r"https?://t\.cn/[0-9A-Za-z]{1,20}")
_TOPIC = re.compile(r"#([^#\s][^#\n]{0,60})#")
_NOTICE = re.compile(
    r"抱歉|不可见|已被[^，。！]{0,4}删除|(?:无法|不能|不予)(?:查看|访问|显示|展示)|查看权限|微博不存在"
    r"|^该(?:账号|用户|微博)"
)
"""What stands in place of a text that is deleted, hidden or of a closed account (seen to 2025)."""

A_CLIENT = re.compile(r"客户端|网页|手机|微博|超话|浏览器|[A-Za-z0-9]")
"""What follows 来自 at a comment is a place since 2022, and was the poster's client before."""

_ADVERTS = frozenset({"广告", "热推"})
"""`mblogtypename` of what nobody asked for."""

_NOTHING_WRONG = re.compile(r"成功|没有|暂无|^(?:ok|success)", re.IGNORECASE)
"""What `msg` says beside an empty list that is empty for no other reason."""

_FROM = re.compile(r"^(?:发布于|来自|IP\s?属地[：:])\s*")
_NO_PLACE = frozenset({"", "其他", "未知"})
_PLAYS = re.compile(r"次?(?:播放|观看|阅读)(?:量|数)?$")
_FOLD = re.compile(r"<a [^<>]*>全文</a>|<span class=\"expand\">展开</span>")
"""What unfolds a long post, on m.weibo.cn and weibo.com."""

_A_WORD = re.compile(r"\w{2}")


def looks_like_post(entry: object) -> bool:
    """Whether a JSON value is a post, whichever of its fields may be missing."""
    if not isinstance(entry, dict):
        return False
    signs = ("mblogid", "bid", "text_raw", "reposts_count", "attitudes_count", "isLongText")
    return "retweeted_status" in entry or sum(sign in entry for sign in signs) >= 2


def is_advert(entry: Fields) -> bool:
    """Whether a post or comment is marked as an advert (not as one that its author promotes)."""
    return (
        entry.get("isAd") in (True, 1, "1")
        or entry.get("is_ad") in (True, 1, "1")
        or entry.get("readtimetype") == "adMblog"
        or entry.get("mblogtypename") in _ADVERTS
        or bool(entry.get("adType"))
    )


def is_gone(post: Fields) -> bool:
    """Whether only a notice is left of a post: deleted, hidden, or its account closed."""
    if isinstance(post.get("user"), dict):
        return False
    if post.get("deleted") in (1, "1"):
        return True
    notice = markup_text(post.get("text") or post.get("text_raw"))
    return _NOTICE.search(notice) is not None


def posts_page(
    page: str,
    entries: Sequence[object],
    document: Document,
    *,
    following: str | None = None,
    repost_of: str | None = None,
) -> Page:
    """Return the page of a list of posts that is not empty; adverts and notices are no posts.

    `repost_of` is what all of them repost where they do not say so themselves. The state is `gone`
    when nothing but notices is left. Raises LayoutChanged when an entry is no post.
    """
    found: list[FoundMention] = []
    notices = 0
    for entry in bounded(list(entries), page):
        if not isinstance(entry, dict):
            raise LayoutChanged(page, "post")
        if is_advert(entry):
            continue
        if is_gone(entry):
            notices += 1
            continue
        found += read_post(entry, page=page, fetched_at=document.fetched_at, repost_of=repost_of)
    if notices and not found:
        return Page(page=page, state=PageState.GONE, reason="deleted or hidden")
    reason = "" if found else "only adverts"
    return Page(page, PageState.OK, mentions=once(found), next=following, reason=reason)


def read_post(
    post: Fields,
    *,
    page: str,
    fetched_at: datetime,
    embedded: bool = False,
    repost_of: str | None = None,
) -> list[FoundMention]:
    """Return the mention of a post, and after it that of the original it reposts (embedded).

    Raises LayoutChanged when it has no readable id, author, time or text.
    """
    originals: list[FoundMention] = []
    original = post.get("retweeted_status")
    if isinstance(original, dict) and original and not embedded:
        mid = mid_in(original)
        repost_of = f"{Platform.WEIBO}:{mid}" if mid else repost_of
        if original.get("user"):  # else it is gone, and whatever its text says is a notice
            originals = read_post(original, page=page, fetched_at=fetched_at, embedded=True)
    return [_mention(post, page, fetched_at, repost_of, embedded=embedded), *originals]


def _mention(
    post: Fields, page: str, fetched_at: datetime, repost_of: str | None, *, embedded: bool
) -> FoundMention:
    mid = mid_in(post)
    if mid is None:
        raise LayoutChanged(page, "mid")
    author, uid = author_of(post, page)
    told = read_time(post.get("created_at"), fetched_at=fetched_at)
    if told is None:
        raise LayoutChanged(page, "created_at")
    edited = read_time(post.get("edit_at"), fetched_at=fetched_at)
    text = _text(post, page)
    bid = bid_in(post) or bid_of(mid)
    return FoundMention(
        id=f"{Platform.WEIBO}:{mid}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url=post_url(mid, bid, uid),
        text=text,
        published_at=told[0],
        published_precision=told[1],
        bid=bid,
        title=_title(post),
        author=author,
        author_uid=uid,
        repost_of=repost_of,
        edited_at=edited[0] if edited else None,
        ip_location=place(post.get("region_name")),
        client=markup_text(post.get("source")).removeprefix("来自").strip() or None,
        likes=read_count(post.get("attitudes_count")),
        comments=read_count(post.get("comments_count")),
        reposts=read_count(post.get("reposts_count")),
        views=_views(post),
        topic=topic_in(text) or _topic(post),
        embedded=embedded,
    )


def mid_in(item: Fields) -> str | None:
    """The decimal id of a post or comment, which may be a number or a string; else by its bid."""
    for name in ("mid", "idstr", "id"):
        if mid := decimal_id(item.get(name)):
            return mid
    bid = bid_in(item)
    return mid_of(bid) if bid else None


def decimal_id(value: object) -> str | None:
    """Return an id of a post or comment as a decimal string, None when it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value < 10**20 else None
    return value if isinstance(value, str) and _MID.fullmatch(value) else None


def bid_in(item: Fields) -> str | None:
    """The short id of a post or comment, where the reply has it."""
    for name in ("mblogid", "bid"):
        value = item.get(name)
        if isinstance(value, str) and _BID.fullmatch(value):
            return value
    return None


def post_url(mid: str, bid: str | None, uid: str | None) -> str:
    """Return the public address of a post."""
    return f"https://weibo.com/{uid}/{bid}" if uid and bid else detail_url(mid)


def detail_url(mid: str) -> str:
    """Return the mobile address of a post, which needs no author."""
    return f"https://m.weibo.cn/detail/{mid}"


def author_of(item: Fields, page: str) -> tuple[str, str | None]:
    """Return name and uid of who wrote a post or comment."""
    user = item.get("user")
    if not isinstance(user, dict):
        raise LayoutChanged(page, "user")
    name = user.get("screen_name", user.get("name"))
    if not isinstance(name, str):
        raise LayoutChanged(page, "screen_name")
    return clean(name), _uid(user)


def _uid(user: Fields) -> str | None:
    for name in ("idstr", "id"):
        value = user.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**19:
            return str(value)
        if isinstance(value, str) and _UID.fullmatch(value):
            return value
    return None


def _text(post: Fields, page: str) -> str:
    """The text as a person reads it: the whole where the reply has it, with titles for links."""
    whole = post.get("longText")
    if isinstance(whole, dict) and (text := long_text(whole)):
        return text
    shown, plain = post.get("text"), post.get("text_raw", post.get("raw_text"))
    if not isinstance(shown, str) and not isinstance(plain, str):
        raise LayoutChanged(page, "text")
    text = markup_text(_FOLD.sub("", shown)) if isinstance(shown, str) else ""
    if not text or post.get("isLongText"):
        text = max(text, with_link_titles(plain_text(plain), post), key=len)
    return text


def long_text(holder: Fields) -> str:
    """Return a `longTextContent`, markup on m.weibo.cn and plain on weibo.com; "" if there is none.

    Plain text breaks its lines itself, which markup would not show.
    """
    content = holder.get("longTextContent")
    if not isinstance(content, str):
        return ""
    if "<br" not in content:
        content = content.replace("\n", "<br>")
    return with_link_titles(markup_text(content), holder)


def with_link_titles(text: str, holder: Fields) -> str:
    """Return plain text with the titles of links in place of their t.cn addresses."""
    links = holder.get("url_struct")
    if not isinstance(links, list) or "t.cn/" not in text:
        return text
    titles = {
        link.get("short_url"): plain_text(link.get("url_title"))
        for link in links
        if isinstance(link, dict) and isinstance(link.get("short_url"), str)
    }
    return _SHORT_LINK.sub(lambda found: _link_title(titles.get(found[0]), found[0]), text)


def _link_title(title: str | None, address: str) -> str:
    return title if title and _A_WORD.search(title) else address


def topic_in(text: str) -> str | None:
    """Return the first #topic# of a text, without its sharps."""
    match = _TOPIC.search(text)
    return match[1].removesuffix("[超话]") if match else None


def _topic(post: Fields) -> str | None:
    topics = post.get("topic_struct")
    first = topics[0] if isinstance(topics, list) and topics else None
    return plain_text(first.get("topic_title")) or None if isinstance(first, dict) else None


def _page_info(post: Fields) -> Fields:
    """What a post links to; a repost shows there what its original links to."""
    info = post.get("page_info")
    return info if isinstance(info, dict) and not post.get("retweeted_status") else {}


def _title(post: Fields) -> str:
    """The title that the author gave to an article or a video; "" for other posts."""
    info = _page_info(post)
    kinds = (info.get("type"), info.get("object_type"))
    if "article" in kinds:
        names = [info.get("page_title"), info.get("content1")]
    elif "video" in kinds or "11" in kinds or 11 in kinds:
        names = [object_in(info, "media_info").get("video_title"), info.get("title")]
    else:
        return ""
    return next((title for name in names if (title := plain_text(name))), "")


def _views(post: Fields) -> int | None:
    info = _page_info(post)
    for told in (
        post.get("reads_count"),
        post.get("obj_ext"),
        info.get("play_count"),
        object_in(info, "media_info").get("play_count"),
    ):
        count = read_count(_PLAYS.sub("", told[:40]) if isinstance(told, str) else told)
        if count is not None:
            return count
    return None


def place(value: object) -> str | None:
    """Return the bare place of `发布于 北京` or `来自来自广东`; 其他 is none."""
    text = clean(value) if isinstance(value, str) else ""
    while shorter := _FROM.match(text):
        text = text[shorter.end() :]
    return None if text in _NO_PLACE else text


def once(found: Iterable[FoundMention]) -> tuple[FoundMention, ...]:
    """Each post once: a hot post stands above the list and in it, an original under many
    reposts.
    """
    kept: dict[str, FoundMention] = {}
    for mention in found:
        if mention.id not in kept or (kept[mention.id].embedded and not mention.embedded):
            kept[mention.id] = mention
    return tuple(kept.values())


def asked_for(document: Document, name: str) -> str:
    """Return a parameter of a page's address, "" where there is none."""
    try:
        return asked(document.url, name)
    except UnicodeDecodeError:
        return ""


def asked_page(document: Document) -> int:
    """Return the number of a page by its address; the first where that says nothing."""
    number = asked_for(document, "page")
    return int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else 1


def asked_post(document: Document, *names: str) -> str | None:
    """Return the mid of the post that a page's address names, by mid or bid."""
    for name in names:
        value = asked_for(document, name)
        if _MID.fullmatch(value):
            return value
        if mid := mid_of(value):
            return mid
    return None


def object_in(reply: Fields, name: str) -> Fields:
    """Return a JSON object's object; empty when it is none."""
    value = reply.get(name)
    return value if isinstance(value, dict) else {}


def list_in(reply: Fields, name: str, *, page: str, path: str) -> list[object]:
    """Return a JSON object's list; raises LayoutChanged naming its `path` when it is none."""
    value = reply.get(name)
    if not isinstance(value, list):
        raise LayoutChanged(page, path)
    return value


def token(value: object) -> str | None:
    """Return a platform's cursor as text; None for what ends a list (0, -1, "", null)."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return text if text not in ("", "0", "-1") and len(text) <= 200 else None


def nothing_listed(page: str, document: Document, *, total: object, following: str | None) -> Page:
    """Return what an empty list amounts to: the end, nothing at all, or more behind it.

    Raises LayoutChanged when the platform counts entries and shows none of them on a first page,
    or says something beside the list that does not mean "nothing".
    """
    told = document.object.get("msg")
    if isinstance(told, str) and told and not _NOTHING_WRONG.search(told):
        raise LayoutChanged(page, "wording beside an empty list")
    if following:
        return Page(page, PageState.OK, next=following, reason="nothing on this page")
    is_later = asked_page(document) > 1 or any(
        token(asked_for(document, name)) for name in ("since_id", "max_id", "cursor")
    )
    if read_count(total) and not is_later:
        raise LayoutChanged(page, "entries, of which the reply counts some")
    return Page.empty(page)
