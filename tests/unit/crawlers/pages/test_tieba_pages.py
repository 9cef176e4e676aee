"""Tieba's threads, forums and replies: what may be missing, what must not, and what damage does."""

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from crawlers.pages import (
    tieba_emoticons,
    tieba_forum,
    tieba_forum_page,
    tieba_post,
    tieba_replies,
    tieba_thread,
    tieba_thread_page,
    tieba_user_threads,
)
from crawlers.pages.detect import read_page
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import Page, PageState
from tests.pages import SavedPage, saved_pages

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
SURFACES = (
    "tieba_search",
    "tieba_thread",
    "tieba_thread_page",
    "tieba_forum",
    "tieba_forum_page",
    "tieba_replies",
    "tieba_floor_replies",
    "tieba_user_threads",
)
READ_WELL = [
    page for surface in SURFACES for page in saved_pages(surface) if page.expected.mentions
]
Parse = Callable[..., Page]


def parse(read: Parse, body: object, url: str = "") -> Page:
    text = body if isinstance(body, str) else json.dumps(body)
    return read(text.encode(), url=url, status=200, fetched_at=AT)


def missing(read: Parse, body: object, url: str = "") -> str:
    """The field that the reader says is missing."""
    with pytest.raises(LayoutChanged) as caught:
        parse(read, body, url)
    return caught.value.field


POST = {
    "id": 153990000202,
    "author_id": 7,
    "time": 1763600100,
    "content": [{"type": 0, "text": "好"}],
}
THREAD_REPLY = {
    "error_code": 0,
    "page": {"current_page": 2, "has_more": 0},
    "thread": {"id": 10990000011, "title": "题"},
    "user_list": [{"id": 7, "name_show": "甲"}],
    "post_list": [POST],
}


def thread_with(post: object = None, **changes: object) -> dict[str, object]:
    reply = {**THREAD_REPLY, **changes}
    if post is not None:
        reply["post_list"] = [post]
    return reply


def without(item: dict[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in item.items() if name != key}


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (thread_with(without(POST, "id")), "post_list[].id"),
        (thread_with({**POST, "id": "../1"}), "post_list[].id"),
        (thread_with(without(POST, "time")), "time"),
        (thread_with(without(POST, "content")), "content"),
        (thread_with(user_list=[]), "user_list"),
        (thread_with(post_list=[]), "post_list"),
        (thread_with(post_list="x"), "post_list"),
        (thread_with(post_list=[POST, "x"]), "post_list[]"),
        (thread_with(thread={}), "thread.id"),
        (thread_with(page={"has_more": 1}), "page.current_page"),
        (
            thread_with({**POST, "sub_post_list": [without(POST, "id")]}),
            "sub_post_list[].id",
        ),
    ],
)
def test_a_thread_reply_names_the_field_it_lacks(reply, field):
    assert missing(tieba_thread.parse, reply) == field


def test_a_thread_without_what_may_be_missing_has_none_and_not_zero():
    (floor,) = parse(tieba_thread.parse, thread_with()).mentions
    assert (floor.likes, floor.comments, floor.reposts, floor.views) == (None,) * 4
    assert (floor.ip_location, floor.client, floor.forum) == (None,) * 3


def test_a_thread_that_nobody_answered_is_its_opening_post():
    reply = thread_with(post_list=[], first_floor={**POST, "id": 153990000201})
    (opening,) = parse(tieba_thread.parse, reply).mentions
    assert (opening.id, opening.bid, opening.kind) == (
        "tieba:10990000011",
        "153990000201",
        Kind.THREAD,
    )


def test_the_opening_post_in_the_list_is_the_thread_and_not_a_second_mention():
    opening = {**POST, "id": 153990000201}
    reply = thread_with(post_list=[opening, POST], first_floor=opening)
    kinds = [mention.kind for mention in parse(tieba_thread.parse, reply).mentions]
    assert kinds == [Kind.THREAD, Kind.FLOOR]


@pytest.mark.parametrize(("number", "is_embedded"), [(1, False), (2, True)])
def test_the_opening_post_above_a_later_page_is_only_there_for_orientation(number, is_embedded):
    reply = thread_with(
        page={"current_page": number, "has_more": 0}, first_floor={**POST, "id": 153990000201}
    )
    opening, floor = parse(tieba_thread.parse, reply).mentions
    assert (opening.embedded, floor.embedded) == (is_embedded, False)


@pytest.mark.parametrize(
    ("paging", "following", "reason"),
    [
        ({"current_page": 1, "has_more": 1}, "2", ""),
        ({"current_page": "1", "has_more": "1"}, "2", ""),
        ({"current_page": 3, "total_page": 3}, None, ""),
        ({"current_page": 2, "total_page": 3}, "3", ""),
        ({"total_page": 2}, "2", ""),
        ({"current_page": 1, "has_more": True}, "2", ""),
        ({}, None, "does not say whether there is more"),
    ],
)
def test_the_next_page_is_told_in_several_ways(paging, following, reason):
    page = parse(tieba_thread.parse, thread_with(page=paging))
    assert (page.next, page.reason) == (following, reason)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": 0, "text": "a &amp; b"}], "a & b"),
        ([{"type": "0", "text": "一\n"}, {"type": 0, "text": "二"}], "一\n二"),
        ([{"text": "没有类型"}], "没有类型"),
        ([{"type": 2, "text": "image_emoticon25", "c": "滑稽"}], "[滑稽]"),
        ([{"type": 2, "text": "image_emoticon"}], "[呵呵]"),
        ([{"type": 2, "text": "image_emoticon999"}], "[表情]"),
        ([{"type": 11, "text": "shoutu_0001", "c": ""}], "[shoutu_0001]"),
        ([{"type": 3, "text": "#pic"}, {"type": 20}, {"type": 10}], ""),
        ([{"type": 5, "text": "http://x.test/v.mp4"}], ""),
        ([{"type": 1, "text": "标题", "link": "http://x.test"}], "标题"),
        ([{"type": 35, "tiebaplus_info": {"desc": "卡片"}}], "卡片"),
        ([{"type": 27, "text": "条目"}, {"type": 40, "text": "活动"}], "条目活动"),
        (
            [{"type": 4, "text": "@某人"}, {"type": 0, "text": " 好 "}, {"type": 2, "c": "赞"}],
            "@某人 好 [赞]",
        ),
        ([], ""),
        ("旧的一行", "旧的一行"),
        (["一", None, 7], "一"),
        (None, None),
        ({"type": 0}, None),
    ],
)
def test_the_parts_of_a_post_read_as_a_person_reads_them(content, text):
    assert tieba_post.content_text(content) == text


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://x.test/tb/editor/images/client/image_emoticon25.png", "[滑稽]"),
        ("//tb2.bdstatic.com/tb/editor/images/face/i_f07.png?t=20140803", "[开心]"),
        ("/emoji/image_emoticon68@2x.png", "[你懂的]"),
        ("image_emoticon.png", "[呵呵]"),
        ("image_emoticon55.png", "[表情]"),
        ("https://x.test/forum/pic/item/0a.jpg", None),
        ("https://x.test/emoticon/default/d_doge.png", None),
    ],
)
def test_an_emoticon_is_known_by_its_file(address, name):
    assert tieba_emoticons.by_file(address) == name


@pytest.mark.parametrize(
    ("portrait", "user"),
    [
        ("tb.1.6ae447d1.1kSMO_ld?t=1712161997", "portrait:tb.1.6ae447d1.1kSMO_ld"),
        (
            "https://x.test/sys/portrait/item/tb.1.6ae447d1.1kSMO_ld?t=1",
            "portrait:tb.1.6ae447d1.1kSMO_ld",
        ),
        ("01e97465615f6f6e65a435", "900000001"),
        ("https://x.test/a/b.png", None),
        ("", None),
        (7, None),
    ],
)
def test_an_old_portrait_tells_the_number_of_its_user(portrait, user):
    assert tieba_post.portrait_uid(portrait) == user


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"pid":1,"spid":"2"}', {"pid": 1, "spid": "2"}),
        ("{'pid':'1','spid':'2','user_name':'a b'}", {"pid": "1", "spid": "2", "user_name": "a b"}),
        ("{total_num:12,total_page:2}", {"total_num": "12", "total_page": "2"}),
        ("{}", {}),
        ("", {}),
        ("[1]", {}),
        ('{"cut', {}),
    ],
)
def test_what_an_element_says_of_itself_is_json_or_nearly(text, field):
    assert tieba_post.data_field(text) == field


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("IP属地:广东", "广东"),
        ("IP 属地：中国香港", "中国香港"),
        ("广东", "广东"),
        ("江苏 来自Android客户端", "江苏"),
        ("回复", None),
        ("http://x.test", None),
        ("IP属地:未知", None),
        ("", None),
        (None, None),
    ],
)
def test_a_place_is_bare(told, place):
    assert tieba_post.ip_place(told) == place


FLOOR = """<div class="l_post j_l_post" data-field='{"author":{"user_id":7,"user_name":"甲"},
"content":{"post_id":77000000002,"thread_id":4100000001,"post_no":2,"comment_num":1}}'>
<a class="p_author_name">甲</a><div id="post_content_77000000002" class="d_post_content">好</div>
<div class="core_reply_tail"><span class="tail-info">2楼</span>
<span class="tail-info">2024-08-05 17:07</span></div></div>"""
ADVERT = '<div class="l_post j_l_post" data-field="{}"><a href="http://x.test">买</a></div>'


@pytest.mark.parametrize(
    ("gone", "instead", "field"),
    [
        ("2024-08-05 17:07", "刚才", "tail-info"),
        ("thread_id", "tid", "thread_id"),
        ('<a class="p_author_name">甲</a>', "", None),
        ('class="d_post_content"', "", "d_post_content"),
        ("post_id", "id", None),
        ('"comment_num":1', '"x":1', None),
    ],
)
def test_a_floor_names_the_field_it_lacks_unless_another_place_tells_it(gone, instead, field):
    page = FLOOR.replace(gone, instead)
    assert page != FLOOR
    if field is None:
        (mention,) = parse(tieba_thread_page.parse, page).mentions
        assert (mention.id, mention.author) == ("tieba:77000000002", "甲")
    else:
        assert missing(tieba_thread_page.parse, page) == field


def test_a_page_of_adverts_is_no_thread_without_posts():
    assert missing(tieba_thread_page.parse, ADVERT) == "thread_id"
    url = "https://tieba.baidu.com/p/4100000001"
    assert missing(tieba_thread_page.parse, ADVERT, url) == "post_id"
    assert len(parse(tieba_thread_page.parse, ADVERT + FLOOR).mentions) == 1


def test_a_floor_without_its_number_is_not_taken_for_an_advert():
    page = FLOOR.replace("77000000002", "x")
    assert missing(tieba_thread_page.parse, FLOOR + page) == "post_id"


def test_a_rendered_page_that_does_not_name_its_thread_says_what_it_left_out():
    (saved,) = [p for p in saved_pages("tieba_thread_page") if p.name == "rendered_2026"]
    page = read_page(saved.body, platform=Platform.TIEBA, fetched_at=saved.fetched_at)
    assert [mention.kind for mention in page.mentions] == [Kind.FLOOR, Kind.REPLY, Kind.FLOOR]
    assert {mention.root_id for mention in page.mentions} == {None}
    assert page.reason == "does not say which thread: its opening post is left out"


def test_a_rendered_floor_without_a_number_is_a_changed_layout():
    floor = (
        '<div class="pb-comment-item"><a class="head-name">甲</a><div class="comment-content">'
        '<div class="pb-rich-text">好</div><div class="comment-desc-left">第2楼 3-15</div>'
        "</div></div>"
    )
    assert missing(tieba_thread_page.parse, floor) == "data-id"


FEED = {
    "layout": "feed",
    "feed": {
        "business_info_map": {"thread_id": "10990000031", "title": "题"},
        "components": [
            {
                "component": "feed_head",
                "feed_head": {"main_data": [{"text": {"text": "甲"}}], "extra_data": []},
            }
        ],
    },
}


def forum_with(*feeds: object, **changes: object) -> dict[str, object]:
    return {"error_code": 0, "page_data": {"feed_list": list(feeds)}, **changes}


def changed_feed(**changes: object) -> dict[str, object]:
    feed = deepcopy(FEED)
    feed["feed"].update(changes)  # type: ignore[attr-defined]
    return feed


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (forum_with(changed_feed(business_info_map={"title": "题"})), "thread_id"),
        (forum_with(changed_feed(business_info_map={"thread_id": "10990000031"})), "title"),
        (forum_with(changed_feed(components=[])), "feed_head.main_data"),
        (forum_with({"layout": "ad"}), "feed_list[].layout"),
        (forum_with("x"), "feed_list[]"),
        (forum_with(), "feed_list[]"),
        (forum_with(page={"has_more": 1, "current_page": 1}), "feed_list[]"),
        ({"forum": {"tids": "1,2,"}}, "page_data.feed_list"),
        ({"page_data": {}}, "page_data.feed_list"),
    ],
)
def test_a_forum_reply_names_the_field_it_lacks(reply, field):
    assert missing(tieba_forum.parse, reply) == field


def test_an_empty_forum_is_empty_only_at_its_end():
    reply = forum_with(page={"current_page": 9, "has_more": 0})
    assert parse(tieba_forum.parse, reply).state is PageState.EMPTY


def test_the_time_of_the_last_reply_is_not_the_time_of_the_thread():
    (mention,) = parse(tieba_forum.parse, forum_with(FEED)).mentions
    assert mention.published_at is None


ROW = """<li class="j_thread_list" data-field='{"id":9110000041,"author_name":"甲","reply_num":1}'>
<a class="j_th_tit" href="/p/9110000041" title="题">题</a>
<span class="is_show_create_time">7-6</span></li>"""


@pytest.mark.parametrize(
    ("gone", "instead", "field"),
    [
        ('"id":9110000041,', "", None),
        ('href="/p/9110000041"', "", None),
        ("7-6", "", "is_show_create_time"),
        ('"author_name":"甲"', '"x":1', "frs-author-name"),
        ('title="题">题<', "><", "j_th_tit"),
    ],
)
def test_a_row_of_a_forum_names_the_field_it_lacks(gone, instead, field):
    page = ROW.replace(gone, instead)
    assert page != ROW
    if field is None:
        assert parse(tieba_forum_page.parse, page).mentions[0].id == "tieba:9110000041"
    else:
        assert missing(tieba_forum_page.parse, page) == field


def test_a_row_that_leads_nowhere_is_an_advert_but_a_list_of_them_is_no_forum():
    advert = '<li class="j_thread_list" data-field="{}">买</li>'
    assert len(parse(tieba_forum_page.parse, advert + ROW).mentions) == 1
    assert missing(tieba_forum_page.parse, advert) == "j_thread_list[data-field]"
    broken = ROW.replace("9110000041", "x")
    assert missing(tieba_forum_page.parse, ROW + broken) == "data-field.id"


def test_a_row_that_leads_out_of_tieba_is_an_advert():
    advert = '<li class="j_thread_list"><a class="j_th_tit" href="http://x.test/go">买</a></li>'
    assert len(parse(tieba_forum_page.parse, advert + ROW).mentions) == 1


def test_a_list_that_tells_only_when_somebody_last_replied_is_read_without_times():
    row = ROW.replace("is_show_create_time", "threadlist_reply_date")
    (mention,) = parse(tieba_forum_page.parse, row).mentions
    assert mention.published_at is None


COMMENT = {
    "comment_id": "9",
    "thread_id": "8",
    "username": "甲",
    "now_time": 1444902600,
    "content": "好",
}


def replies_with(*items: object, **changes: object) -> dict[str, object]:
    floor = {"comment_num": len(items), "comment_info": list(items), **changes}
    return {"errno": 0, "data": {"comment_list": {"7": floor}, "user_list": {}}}


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (replies_with(without(COMMENT, "comment_id")), "comment_id"),
        (replies_with(without(COMMENT, "now_time")), "now_time"),
        (replies_with(without(COMMENT, "content")), "content"),
        (replies_with(without(COMMENT, "username")), "username"),
        (replies_with(comment_num=3), "comment_info"),
        ({"data": {"comment_list": {"7": "x"}}}, "comment_list[]"),
        ({"data": {"comment_list": None}}, "data.comment_list"),
    ],
)
def test_the_replies_of_a_page_name_the_field_they_lack(reply, field):
    assert missing(tieba_replies.parse, reply) == field


def test_a_fragment_is_empty_only_when_it_counts_none():
    none = '<li class="lzl_li_pager" data-field="{total_num:0,total_page:0}"></li>'
    assert parse(tieba_replies.parse, none).state is PageState.EMPTY
    some = none.replace("total_num:0", "total_num:3")
    assert missing(tieba_replies.parse, some) == "lzl_single_post"


ITEM = """<li class="lzl_single_post" data-field="{'spid':'9','showname':'甲'}"><span
class="lzl_content_main">好</span><span class="lzl_time">2015-10-15 17:50</span></li>"""


@pytest.mark.parametrize(
    ("gone", "field"),
    [
        ("'spid':'9',", "spid"),
        ("2015-10-15 17:50", "lzl_time"),
        ("lzl_content_main", "lzl_content_main"),
        (",'showname':'甲'", "showname"),
    ],
)
def test_a_reply_in_a_fragment_names_the_field_it_lacks(gone, field):
    assert missing(tieba_replies.parse, ITEM.replace(gone, "")) == field


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"thread_list": [{"title": "题"}]}, "thread_id"),
        ({"thread_list": [{"thread_id": 9110000041}]}, "title"),
        ({"thread_list": []}, "data.thread_list[]"),
        ({"thread_list": [], "has_more": 1}, "data.thread_list[]"),
        ({"thread_list": ["x"]}, "data.thread_list"),
    ],
)
def test_a_users_threads_name_the_field_they_lack(data, field):
    assert missing(tieba_user_threads.parse, {"no": 0, "data": data}) == field


def test_a_user_without_threads_has_none():
    reply = {"no": 0, "data": {"thread_list": [], "has_more": 0}}
    assert parse(tieba_user_threads.parse, reply).state is PageState.EMPTY


def test_a_page_whose_scripts_have_not_run_is_not_content():
    body = b'<html><head><title>x</title></head><body><div id="app"></div></body></html>'
    page = read_page(body, platform=Platform.TIEBA, fetched_at=AT)
    assert (page.page, page.state) == ("tieba_shell", PageState.NOT_CONTENT)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("page", READ_WELL, ids=str)
def test_the_encoding_of_a_page_changes_nothing(page: SavedPage, encoding: str):
    original = "gb18030" if page.name in {"finished_2024", "shown_2017"} else "utf-8"
    try:
        text = page.body.decode(original)
    except UnicodeDecodeError:
        text = page.body.decode()
    read = read_page(
        text.encode(encoding), platform=Platform.TIEBA, url=page.url, fetched_at=page.fetched_at
    )
    assert read == page.expected


def damaged(page: SavedPage, chance: random.Random) -> bytes:
    """A saved page with a field taken out, bytes flipped, or cut."""
    body = bytearray(page.body)
    kind = chance.choice(("field", "flip", "cut", "slice"))
    if kind == "field":
        return chance.choice(list(fields_removed(page.body)) or [bytes(body)])
    if kind == "flip":
        for _ in range(chance.randint(1, 8)):
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        return bytes(body)
    if kind == "cut":
        return bytes(body[: chance.randrange(len(body))])
    start = chance.randrange(len(body))
    return bytes(body[:start] + body[start + chance.randint(1, 300) :])


def fields_removed(body: bytes) -> Iterator[bytes]:
    """The reply of `body` once for each of its fields, without it; nothing for html."""
    try:
        reply = json.loads(body)
    except ValueError:
        return
    for path in paths(reply):
        copy = deepcopy(reply)
        holder = copy
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]
        yield json.dumps(copy).encode()


def paths(value: object, at: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from paths(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*at, index))


def assert_no_silence(body: bytes, page: SavedPage) -> None:
    try:
        read = read_page(body, platform=Platform.TIEBA, url=page.url, fetched_at=page.fetched_at)
    except LayoutChanged:
        return
    assert read.state is not PageState.EMPTY
    assert read.mentions or read.next or read.state is not PageState.OK


@pytest.mark.parametrize("page", READ_WELL, ids=str)
def test_no_damage_crashes_a_reader_or_makes_it_say_that_nobody_spoke(page: SavedPage):
    chance = random.Random(f"{page.name}-7")
    for _ in range(60):
        assert_no_silence(damaged(page, chance), page)


@pytest.mark.parametrize("page", READ_WELL, ids=str)
def test_no_missing_field_crashes_a_reader_or_makes_it_say_that_nobody_spoke(page: SavedPage):
    for body in fields_removed(page.body):
        assert_no_silence(body, page)
