"""Whatever is damaged on a page of Weibo, it is read, or known to be unreadable, and never calm."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.pages.detect import read_page
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import BlockKind, PageState
from tests.mutating import damaged, without_everywhere
from tests.pages import PAGES, SavedPage, saved_pages

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
SURFACES = sorted(folder.name for folder in PAGES.iterdir() if folder.name.startswith("weibo_"))
WITH_POSTS = [
    pytest.param(page, id=f"{surface}-{page}")
    for surface in SURFACES
    for page in saved_pages(surface)
    if page.expected.mentions
]


def read(body: bytes, url: str = ""):
    """What the readers say; None for a layout that is not understood."""
    try:
        return read_page(body, platform=Platform.WEIBO, url=url, fetched_at=AT)
    except LayoutChanged:
        return None


def check(body: bytes, url: str, *, seed: int, flips: int, cuts: int) -> int:
    """Read every damaged form of a page and return how many there were."""
    count = 0
    for what, form in damaged(body, seed=seed, flips=flips, cuts=cuts):
        page = read(form, url)
        assert page is None or page.state is not PageState.EMPTY, what
        if page is not None and page.state is PageState.OK:
            assert page.mentions or page.reason, what
        count += 1
    return count


@pytest.mark.parametrize("page", WITH_POSTS)
def test_a_damaged_page_is_never_calm(page: SavedPage):
    assert check(page.body, page.url, seed=7, flips=25, cuts=15) >= 40


@pytest.mark.slow
@pytest.mark.shared
def test_a_damaged_capture_is_never_calm(shared: Path):
    folder = shared / "platforms" / "captures"
    catalogue = json.loads((folder / "captures.json").read_text(encoding="utf-8"))["captures"]
    ours = [
        c["file"]
        for c in catalogue
        if c["platform"] == "weibo" and c["expect"]["kind"] in ("posts", "post", "comments")
    ]
    done = 0
    for number, name in enumerate(ours):
        body = (folder / name).read_bytes()
        if len(body) < 80_000:
            done += check(body, "", seed=number, flips=100, cuts=50)
    assert done >= 4_000


REQUIRED = [
    ("weibo_mobile_feed/user_posts_2022", "weibo_mobile_feed", ("user", "text", "created_at")),
    ("weibo_mobile_feed/search_2026", "weibo_mobile_feed", ("mblog", "screen_name")),
    ("weibo_item/ajax_show", "weibo_post", ("user", "created_at", "screen_name")),
    ("weibo_item/mobile_show", "weibo_mobile_post", ("user", "text", "screen_name")),
    ("weibo_lists/mymblog", "weibo_user_posts", ("user", "created_at")),
    ("weibo_lists/hot_timeline", "weibo_hot_posts", ("user", "created_at")),
    ("weibo_lists/reposts_ajax", "weibo_reposts", ("user", "created_at")),
    ("weibo_comments/hotflow_2026", "weibo_mobile_comments", ("user", "text", "created_at")),
    ("weibo_comments/build_comments", "weibo_comments", ("user", "created_at")),
    ("weibo_hot_words/side", "weibo_hot_words", ()),
]


@pytest.mark.parametrize(("name", "surface", "fields"), REQUIRED)
def test_a_field_that_every_post_needs_is_named_when_it_is_gone(name, surface, fields):
    whole = json.loads((PAGES / name / "page.json").read_text(encoding="utf-8"))
    for field in fields:
        page = json.dumps(without_everywhere(whole, field)).encode()
        with pytest.raises(LayoutChanged) as caught:
            read_page(page, platform=Platform.WEIBO, fetched_at=AT)
        assert (caught.value.surface, caught.value.field) == (surface, field)


@pytest.mark.parametrize(("name", "surface", "fields"), REQUIRED)
def test_a_page_whose_ids_are_gone_says_so(name, surface, fields):
    page = json.loads((PAGES / name / "page.json").read_text(encoding="utf-8"))
    for field in ("mid", "idstr", "id", "bid", "mblogid", "word", "note"):
        page = without_everywhere(page, field)
    with pytest.raises(LayoutChanged) as caught:
        read_page(json.dumps(page).encode(), platform=Platform.WEIBO, fetched_at=AT)
    assert caught.value.surface == surface
    assert caught.value.field in ("mid", "id", "word")


@pytest.mark.parametrize(
    ("name", "found", "field"),
    [
        ("posts_2020", 'id="M_', "id"),
        ("posts_2020", 'class="ct"', "ct"),
        ("posts_2020", 'class="ctt"', "ctt"),
        ("comments_2025", 'id="C_', "id"),
        ("comments_2025", 'class="ct"', "ct"),
        ("comments_2025", 'class="ctt"', "ctt"),
    ],
)
def test_a_wap_page_names_what_it_lacks(name, found, field):
    page = (PAGES / "weibo_wap" / name / "page.html").read_text(encoding="utf-8")
    first = page.replace(found, found.replace('"', '"x', 1), 1)
    with pytest.raises(LayoutChanged) as caught:
        read_page(first.encode(), platform=Platform.WEIBO, fetched_at=AT)
    assert caught.value.field == field


EMPTIED = [
    ("weibo_mobile_feed/user_posts_2019", ("data", "cards")),
    ("weibo_lists/search_profile", ("data", "list")),
    ("weibo_comments/build_comments", ("data",)),
]


@pytest.mark.parametrize(("name", "path"), EMPTIED)
def test_a_list_that_is_empty_though_the_reply_counts_entries_is_not_calm(name, path):
    page = json.loads((PAGES / name / "page.json").read_text(encoding="utf-8"))
    holder = page
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = []
    for kept in ("cardlistInfo", "max_id"):
        if kept in holder and isinstance(holder[kept], dict):
            holder[kept].pop("page")
        elif kept in holder:
            holder[kept] = 0
    with pytest.raises(LayoutChanged):
        read_page(json.dumps(page).encode(), platform=Platform.WEIBO, fetched_at=AT)


def test_a_card_marked_as_a_post_without_one_is_not_passed_over():
    page = json.loads((PAGES / "weibo_mobile_feed/search_2026/page.json").read_text("utf-8"))
    del page["data"]["cards"][1]["mblog"]
    with pytest.raises(LayoutChanged, match="mblog"):
        read_page(json.dumps(page).encode(), platform=Platform.WEIBO, fetched_at=AT)


def test_a_search_card_that_lost_its_mark_is_not_passed_over():
    page = (PAGES / "weibo_search/realtime_2026/page.html").read_text(encoding="utf-8")
    unmarked = page.replace("feed_list_item", "feed_list_itex", 1)
    assert unmarked != page
    assert read(unmarked.encode()) == read(page.encode())
    unnamed = unmarked.replace(' mid="', ' xmid="', 1)
    with pytest.raises(LayoutChanged, match="feed_list_item"):
        read_page(unnamed.encode(), platform=Platform.WEIBO, fetched_at=AT)


def test_a_container_of_2017_has_no_data_around_it():
    page = json.loads((PAGES / "weibo_mobile_feed/user_posts_2019/page.json").read_text("utf-8"))
    old = read(json.dumps({"ok": 1, **page["data"]}).encode())
    assert old == read(json.dumps(page).encode())
    assert old is not None
    assert len(old.mentions) == 4


def test_the_other_hot_list_is_the_same_list_under_another_name():
    page = json.loads((PAGES / "weibo_hot_words/side/page.json").read_text("utf-8"))
    data = page["data"]
    band = {"ok": 1, "data": {"band_list": data["realtime"], "hotgov": data["hotgov"]}}
    assert read(json.dumps(band).encode()) == read(json.dumps(page).encode())


def test_a_list_of_nothing_but_notices_is_gone_and_one_of_adverts_says_so():
    page = json.loads((PAGES / "weibo_lists/mymblog/page.json").read_text("utf-8"))
    notice = {"id": 5299000000000002, "text": "抱歉，此微博已被作者删除。", "user": None}
    gone = read(json.dumps({"ok": 1, "data": {"list": [notice]}}).encode())
    assert gone is not None
    assert gone.state is PageState.GONE
    for post in page["data"]["list"]:
        post["isAd"] = True
    adverts = read(json.dumps(page).encode())
    assert adverts is not None
    assert (adverts.state, adverts.mentions, adverts.reason) == (PageState.OK, (), "only adverts")


@pytest.mark.parametrize(
    "data", [{"longTextContent": ""}, {"longTextContent": None}, {"longTextContent": 7}, []]
)
def test_a_long_text_without_text_is_not_calm(data):
    with pytest.raises(LayoutChanged):
        read_page(
            json.dumps({"ok": 1, "data": data}).encode(), platform=Platform.WEIBO, fetched_at=AT
        )


@pytest.mark.parametrize("words", ["请先登录", "操作太快"])
def test_words_beside_an_empty_list_are_not_overheard(words):
    reply = {"ok": 1, "msg": words, "data": {"cards": [], "cardlistInfo": {"page": None}}}
    assert read(json.dumps(reply).encode()) is None
    calm = read(json.dumps({**reply, "msg": "数据获取成功"}).encode())
    assert calm is not None
    assert calm.state is PageState.EMPTY


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("page", WITH_POSTS)
def test_the_encoding_of_a_page_changes_nothing(page: SavedPage, encoding: str):
    body = page.body.decode().encode(encoding)
    kept = {"platform": Platform.WEIBO, "url": page.url, "fetched_at": page.fetched_at}
    assert read_page(body, **kept) == page.expected


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ('{"ok":-100,"url":"https://weibo.com/login.php?url=x"}', BlockKind.VISITOR),
        ('{"error":"Forbidden"}', BlockKind.REFUSED),
        ('{"ok":0,"message":"前方有点拥堵，请登录后使用"}', BlockKind.LOGIN_WALL),
    ],
)
def test_a_wall_that_chrome_shows_as_text_is_the_same_wall(reply, kind):
    page = read(f"<html><head></head><body><pre>{reply}</pre></body></html>".encode())
    assert page is not None
    assert page.block_kind is kind


@pytest.mark.parametrize("name", ["weibo_wap/posts_2020", "weibo_search/ranked_2020"])
def test_a_post_that_quotes_another_page_is_not_taken_for_it(name):
    body = (PAGES / name / "page.html").read_text(encoding="utf-8")
    first_word = "云栈奶茶" if "wap" in name else "喝到一半"
    for words in ("$render_data = [{", "请先登录", "抱歉，未找到相关结果", "微博不存在", "出错了"):
        page = read(body.replace(first_word, words + first_word).encode())
        assert page is not None
        assert page.state is PageState.OK, words


FEED = "https://m.weibo.cn/api/container/getIndex?containerid=100103type%3D61%26q%3Dx"
BLOG = "https://weibo.com/ajax/statuses/mymblog?uid=9000000020&page=4&feature=0"


@pytest.mark.parametrize(
    ("name", "path", "changes", "url", "following"),
    [
        ("weibo_mobile_feed/search_2026", "cardlistInfo", {"page": 5}, f"{FEED}&page=4", "5"),
        ("weibo_mobile_feed/search_2026", "cardlistInfo", {"page": 4}, f"{FEED}&page=4", "5"),
        ("weibo_mobile_feed/search_2026", "cardlistInfo", {"page": None}, f"{FEED}&page=4", None),
        (
            "weibo_mobile_feed/search_2026",
            "cardlistInfo",
            {"page": ...},
            f"{FEED}&page_type=searchall&page=4",
            "5",
        ),
        ("weibo_mobile_feed/search_2026", "cardlistInfo", {"page": ...}, FEED, None),
        ("weibo_lists/mymblog", "", {"since_id": ...}, BLOG, "5"),
        ("weibo_lists/mymblog", "", {"since_id": ""}, BLOG, None),
        ("weibo_lists/waterfall", "", {"next_cursor": -1}, "", None),
        ("weibo_lists/search_profile", "", {"total": 80}, BLOG, None),
        ("weibo_lists/search_profile", "", {"total": 81}, BLOG, "5"),
        ("weibo_lists/reposts_mobile", "", {"max": ...}, BLOG, "5"),
        ("weibo_comments/hotflow_2026", "", {"max_id_type": 0}, "", "138879531858089"),
        ("weibo_comments/hotflow_2026", "", {"max_id": 0}, "", None),
        ("weibo_comments/show_2019", "", {"max": 2}, f"{FEED}&page=2", None),
    ],
)
def test_what_comes_next(name, path, changes, url, following):
    page = json.loads((PAGES / name / "page.json").read_text("utf-8"))
    holder = page["data"][path] if path else page["data"]
    for field, value in changes.items():
        if value is ...:
            del holder[field]
        else:
            holder[field] = value
    told = read(json.dumps(page).encode(), url)
    assert told is not None
    assert told.next == following
