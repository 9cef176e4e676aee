"""Every Zhihu surface: its fixtures, what it does with less than a whole page, and its walls."""

import html
import importlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.pages import (
    detect,
    walls,
    zhihu_cards,
    zhihu_comments,
    zhihu_hot_list,
    zhihu_item_page,
    zhihu_list,
    zhihu_object,
    zhihu_search,
)
from crawlers.pages.document import Document, parse_markup
from crawlers.pages.fragments import plain_fragment
from crawlers.pages.text import clean, markup_text, node_text
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import BlockKind, Page, PageState
from tests.pages import PAGES, SavedPage, saved_pages

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
SURFACES = sorted(path.name for path in PAGES.iterdir() if path.name.startswith("zhihu_"))
SAVED = [
    pytest.param(name, page, id=f"{name}-{page}") for name in SURFACES for page in saved_pages(name)
]
REPLIES = [saved for saved in SAVED if saved.values[1].body[:1] == b"{"]


@pytest.mark.parametrize(("surface", "page"), SAVED)
def test_a_saved_page_is_read_as_expected(surface: str, page: SavedPage):
    reader = importlib.import_module(f"crawlers.pages.{surface}")
    read = reader.parse(page.body, url=page.url, status=page.status, fetched_at=page.fetched_at)
    assert read == page.expected


@pytest.mark.parametrize(("surface", "page"), SAVED)
def test_a_saved_page_is_detected_by_what_is_on_it(surface: str, page: SavedPage):
    read = detect.read_page(
        page.body,
        platform=Platform.ZHIHU,
        url=page.url,
        status=page.status,
        fetched_at=page.fetched_at,
    )
    expected = replace(page.expected, page="zhihu") if page.is_wall else page.expected
    assert read == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize(("surface", "page"), SAVED)
def test_the_encoding_of_a_file_changes_nothing(surface: str, page: SavedPage, encoding: str):
    reader = importlib.import_module(f"crawlers.pages.{surface}")
    body = page.body.decode().encode(encoding)
    assert reader.parse(body, url=page.url, status=200, fetched_at=AT) == page.expected


@pytest.mark.parametrize(("surface", "page"), REPLIES)
def test_a_reply_inside_pre_reads_as_the_reply(surface: str, page: SavedPage):
    reader = importlib.import_module(f"crawlers.pages.{surface}")
    shown = f"<html><body><pre>{html.escape(page.body.decode())}</pre></body></html>"
    assert reader.parse(shown.encode(), url=page.url, status=200, fetched_at=AT) == page.expected


ANSWER = {
    "id": "7",
    "type": "answer",
    "created_time": 1763600000,
    "content": "<p>文</p>",
    "question": {"id": "5", "title": "题", "type": "question", "created": 1763500000},
    "author": {"name": "某人", "url_token": "t"},
}
COMMENT = {"id": "9", "type": "comment", "created_time": 1763600000, "content": "好"}


def a_list(*entries: object, **changes: object) -> dict[str, object]:
    return {"data": list(entries), "paging": {"is_end": True}, **changes}


def read(reader, reply: object, url: str = "") -> Page:
    body = reply if isinstance(reply, str) else json.dumps(reply)
    return reader.parse(body.encode(), url=url, status=200, fetched_at=AT)


def without(item: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in item.items() if key != name}


def page_data(entities: object, path: str = "/") -> str:
    state = {"initialState": {"entities": entities, "env": {"ctx": {"path": path}}}}
    return f'<html><script id="js-initialData" type="text/json">{json.dumps(state)}</script></html>'


@pytest.mark.parametrize(
    ("reader", "reply", "field"),
    [
        (zhihu_list, a_list(without(ANSWER, "id")), "id"),
        (zhihu_list, a_list({**ANSWER, "id": 1.9e18}), "id"),
        (zhihu_list, a_list(without(ANSWER, "created_time")), "created_time"),
        (zhihu_list, a_list(without(ANSWER, "content")), "content"),
        (zhihu_list, a_list(ANSWER, without(ANSWER, "created_time")), "created_time"),
        (zhihu_list, a_list({"type": "hologram"}), "data[].type"),
        (zhihu_list, a_list("x"), "data[]"),
        (zhihu_list, a_list(ANSWER, data="x"), "data"),
        (zhihu_list, a_list(ANSWER, paging={}), "paging.is_end"),
        (zhihu_list, a_list(ANSWER, paging={"is_end": False}), "paging.next"),
        (zhihu_object, without(ANSWER, "id"), "id"),
        (zhihu_object, without(ANSWER, "type"), "type"),
        (zhihu_object, without(ANSWER, "content"), "content"),
        (zhihu_object, {"id": "1", "type": "pin", "created": 1763600000}, "content"),
        (zhihu_comments, a_list(without(COMMENT, "id")), "id"),
        (zhihu_comments, a_list(without(COMMENT, "created_time")), "created_time"),
        (zhihu_comments, a_list(without(COMMENT, "content")), "content"),
        (zhihu_comments, a_list({**COMMENT, "child_comments": ["x"]}), "child_comments[]"),
        (zhihu_comments, {"data": [COMMENT]}, "paging.is_end"),
        (zhihu_hot_list, a_list({"type": "hot_list_feed", "target": {"id": 1}}), "title"),
        (zhihu_hot_list, a_list({"type": "hot_list_feed", "target": {"title": "题"}}), "target"),
        (
            zhihu_hot_list,
            "<section class='HotItem'><a href='/question/1'>x</a></section>",
            "HotItem-title",
        ),
        (zhihu_item_page, page_data({"answers": {"7": without(ANSWER, "id")}}), "id"),
        (zhihu_item_page, page_data({"answers": {"7": 5}}), "answers"),
        (zhihu_item_page, page_data({"answers": {}}), "entities"),
    ],
)
def test_a_page_names_the_field_it_lacks(reader, reply, field):
    with pytest.raises(LayoutChanged) as caught:
        read(reader, reply)
    assert (caught.value.surface, caught.value.field) == (reader.PAGE, field)


def test_what_may_be_missing_is_none_and_never_zero():
    answer, question = read(zhihu_list, a_list(without(ANSWER, "author"))).mentions
    assert (answer.likes, answer.comments, answer.reposts, answer.views) == (None,) * 4
    assert (answer.author, answer.author_uid, answer.ip_location) == ("", None, None)
    assert (question.likes, question.comments, question.views, question.author) == (None,) * 3 + (
        "",
    )
    (comment,) = read(zhihu_comments, a_list(COMMENT)).mentions
    assert (comment.likes, comment.comments, comment.parent_id, comment.root_id) == (None,) * 4


def test_an_answer_whose_question_tells_no_time_shows_no_question_but_belongs_to_it():
    question = without(ANSWER["question"], "created")  # type: ignore[arg-type]
    (answer,) = read(zhihu_list, a_list({**ANSWER, "question": question})).mentions
    assert (answer.title, answer.parent_id) == ("题", "zhihu:question:5")


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("answers", "https://www.zhihu.com/answer/12"),
        ("articles", "https://zhuanlan.zhihu.com/p/12"),
        ("questions", "https://www.zhihu.com/question/12"),
        ("pins", "https://www.zhihu.com/pin/12"),
        ("zvideos", "https://www.zhihu.com/zvideo/12"),
    ],
)
@pytest.mark.parametrize(
    "form", ["comment_v5/{}/12/root_comment", "{}/12/root_comments", "{}/12/comments"]
)
def test_comments_belong_to_what_the_address_names(kind, item, form):
    url = f"https://www.zhihu.com/api/v4/{form.format(kind)}?limit=10"
    (comment,) = read(zhihu_comments, a_list(COMMENT), url).mentions
    assert comment.url == item
    assert comment.root_id == comment.parent_id == f"zhihu:{kind[:-1]}:12"


def test_a_list_that_leads_to_itself_is_not_followed():
    url = "https://www.zhihu.com/api/v4/comment_v5/answers/1/root_comment?offset=9"
    reply = {
        "data": [],
        "counts": {},
        "comment_status": {},
        "paging": {"is_end": False, "next": url},
    }
    page = read(zhihu_comments, reply, url)
    assert (page.state, page.next) == (PageState.NOT_CONTENT, None)


def test_a_page_whose_data_is_cut_off_is_not_calm():
    whole = page_data({"answers": {"7": ANSWER}})
    for end in range(0, whole.index("</script"), 7):
        try:
            page = detect.read_page(whole[:end].encode(), platform=Platform.ZHIHU, fetched_at=AT)
        except LayoutChanged:
            continue
        assert page.state is PageState.NOT_CONTENT, end


def test_the_viewer_among_the_users_is_never_read():
    users = {"me": {"name": "看页面的人", "urlToken": "me"}}
    page = read(zhihu_item_page, page_data({"users": users, "answers": {"7": ANSWER}}))
    assert "看页面的人" not in repr(page)


def test_a_page_of_2018_has_its_data_in_an_attribute():
    data = html.escape(json.dumps({"entities": {"answers": {"7": ANSWER}}}))
    page = read(zhihu_item_page, f'<html><div id="data" data-state="{data}"></div></html>')
    assert [mention.id for mention in page.mentions] == ["zhihu:answer:7", "zhihu:question:5"]


def test_texts_that_guests_see_cut_short_are_told():
    page = read(zhihu_object, {**ANSWER, "content_need_truncated": True})
    assert page.reason == "1 cut short for guests"


def test_a_pin_of_page_data_names_the_pin_it_shares():
    pin = {"id": "8", "type": "pin", "created": 1763600000, "content": [{"content": "转"}]}
    shared = {**pin, "id": "3"}
    both = page_data({"pins": {"8": {**pin, "originPin": "3"}, "3": shared}}, "/pin/8")
    own, original = read(zhihu_item_page, both).mentions
    assert (own.repost_of, own.embedded) == (original.id, False)
    assert original.embedded


PIN = {
    "id": "8",
    "type": "pin",
    "created": 1763600000,
    "content": [{"type": "text", "content": "转"}],
    "author": {"name": "某人", "url_token": "t"},
}


@pytest.mark.parametrize("name", ["origin_pin", "repin"])
def test_a_pin_holds_the_pin_it_shares(name):
    shared = {**PIN, "id": "3", "content": [{"type": "text", "content": "原"}]}
    own, original = read(zhihu_object, {**PIN, name: shared}).mentions
    assert (own.repost_of, own.text, own.embedded) == (original.id, "转", False)
    assert (original.id, original.text, original.embedded) == ("zhihu:pin:3", "原", True)


def test_the_pins_of_an_account_stand_by_themselves_or_in_a_card():
    moments = a_list({"type": "moment", "id": "8", "target": PIN}, {**PIN, "id": "9"})
    page = detect.read_page(json.dumps(moments).encode(), platform=Platform.ZHIHU, fetched_at=AT)
    assert [mention.id for mention in page.mentions] == ["zhihu:pin:8", "zhihu:pin:9"]


FOUND_VIDEO = {"type": "zvideo", "title": "<em>片</em>", "created_at": 1763600000}


@pytest.mark.parametrize("name", ["id", "zvideo_id"])
def test_a_found_video_has_its_id_under_either_name(name):
    reply = a_list({"type": "zvideo", "object": {**FOUND_VIDEO, name: "11"}})
    (video,) = read(zhihu_search, reply).mentions
    assert (video.id, video.title) == ("zhihu:zvideo:11", "片")


def test_a_result_without_title_and_excerpt_reads_as_it_is_shown():
    item = {"type": "article", "id": "14", "created_time": 1763600000}
    highlight = {"title": "<em>文</em>题", "description": "摘<em>要</em>"}
    entry = {"type": "search_result", "highlight": highlight, "object": item}
    (found,) = read(zhihu_search, a_list(entry)).mentions
    assert (found.title, found.text) == ("文题", "摘要")
    own = {**item, "title": "自己的", "content": "<p>正文</p>"}
    (found,) = read(zhihu_search, a_list({**entry, "object": own})).mentions
    assert (found.title, found.text) == ("自己的", "正文")


@pytest.mark.parametrize("kind", ["question", "zvideo"])
def test_a_list_of_titles_is_no_changed_layout(kind):
    (mention,) = read(
        zhihu_list, a_list({"id": 5, "type": kind, "title": "题", "created": 1763600000})
    ).mentions
    assert (mention.title, mention.text) == ("题", "")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.zhihu.com/api/v4/comment_v5/comment/30/child_comment?limit=20",
        "https://www.zhihu.com/api/v4/comments/30/child_comments?limit=20",
    ],
)
def test_replies_belong_to_the_comment_that_the_address_names(url):
    (reply,) = read(zhihu_comments, a_list(COMMENT), url).mentions
    assert (reply.parent_id, reply.root_id, reply.comments) == ("zhihu:comment:30", None, None)


def test_replies_belong_to_the_comment_that_the_reply_shows_above_them():
    answers = {**COMMENT, "reply_comment_id": "9"}
    reply = a_list({**COMMENT, "id": "10"}, {**answers, "id": "11"}, root={**COMMENT, "id": "30"})
    first, second = read(zhihu_comments, reply).mentions
    assert (first.parent_id, second.parent_id) == ("zhihu:comment:30", "zhihu:comment:9")


def test_what_stands_between_comments_is_told():
    page = read(zhihu_comments, a_list({"type": "comment_ad"}, COMMENT))
    assert [mention.id for mention in page.mentions] == ["zhihu:comment:9"]
    assert page.reason == "1 entries of an unknown kind left out"
    with pytest.raises(LayoutChanged) as caught:
        read(zhihu_comments, a_list({"type": "comment_ad"}))
    assert caught.value.field == "data[].type"


def test_a_page_about_a_deleted_answer_is_gone_though_its_question_stands_there():
    entities = {
        "answers": {"7": {**ANSWER, "isDeleted": True}},
        "questions": {"5": ANSWER["question"]},
    }
    page = read(zhihu_item_page, page_data(entities, "/question/5/answer/7"))
    assert (page.state, page.mentions) == (PageState.GONE, ())


CARD = """<div class="ContentItem" data-zop='{{"type":"article","itemId":14,"title":"题"}}'>
<div class="RichText">有 500 条评论说好</div><div class="ContentItem-time">{time}</div>
<button class="VoteButton VoteButton--up">\u200b赞同{votes}</button>
<button>\u200b{comments}</button></div>"""


@pytest.mark.parametrize(
    ("votes", "comments", "counts"),
    [
        (" 1.2 万", "3 条评论", (12_000, 3)),
        ("", "添加评论", (0, 0)),
        (" ", "收起评论", (0, None)),
    ],
)
def test_a_card_counts_by_its_buttons(votes, comments, counts):
    markup = CARD.format(time="发布于 2024-04-09", votes=votes, comments=comments)
    (mention,) = read(zhihu_cards, markup).mentions
    assert (mention.likes, mention.comments) == counts


def test_a_card_that_tells_only_when_it_was_edited_has_no_time_of_publishing():
    markup = CARD.format(time="编辑于 2024-04-09 00:00・IP 属地广东", votes="", comments="")
    (mention,) = read(zhihu_cards, markup).mentions
    assert mention.published_at is None
    assert mention.edited_at == datetime(2024, 4, 8, 16, tzinfo=UTC)
    assert mention.ip_location == "广东"


@pytest.mark.parametrize(
    "body",
    [
        '<b>更新</b><p data-pid="a">一</p>',
        '<div class="highlight"><pre>一</pre></div><img src="https://pic1.zhimg.com/x.jpg">',
        '<h2>题</h2><p>一<img eeimg="1" alt="x"></p>',
        '<p>见<a href="https://link.zhihu.com/?target=x">一</a></p>',
    ],
)
def test_a_bare_text_is_known_by_the_marks_of_the_editor(body):
    page = detect.read_page(body.encode(), platform=Platform.ZHIHU, fetched_at=AT)
    assert (page.page, page.state) == ("zhihu_body", PageState.OK)


def wall(body: object, *, url: str = "", status: int = 200) -> Page | None:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return walls.find(Platform.ZHIHU, Document(text.encode(), url, status, AT), page="page")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 40352, "need_login": True}, BlockKind.CAPTCHA),
        ({"code": 40353}, BlockKind.CAPTCHA),
        ({"code": 40362, "message": "您当前请求存在异常，暂时限制本次访问"}, BlockKind.REFUSED),
        ({"code": 10003, "message": "请求参数异常，请升级客户端后重试。"}, BlockKind.REFUSED),
        ({"code": "10002"}, BlockKind.REFUSED),
        ({"code": 403}, BlockKind.REFUSED),
        ({"code": 100, "name": "AuthenticationInvalidRequest"}, BlockKind.LOGIN_WALL),
        ({"code": 100, "message": "ERR_TICKET_NOT_EXIST"}, BlockKind.LOGIN_WALL),
        ({"code": 101, "message": "身份未经过验证"}, BlockKind.LOGIN_WALL),
        ({"code": 5, "message": "ERR_PARSE_LOGIN_TICKET"}, BlockKind.LOGIN_WALL),
        ({"code": 5, "message": "请先登录"}, BlockKind.LOGIN_WALL),
        ({"code": 5, "message": "请求过于频繁，请稍后再试"}, BlockKind.RATE_LIMITED),
        (
            {"code": 5, "redirect": "https://www.zhihu.com/account/unhuman?type=x"},
            BlockKind.CAPTCHA,
        ),
    ],
)
def test_an_error_says_which_wall_it_is(error, kind):
    for body in ({"error": error}, {"message": "", **error}):
        page = wall(body, status=403)
        assert page is not None
        assert page.block_kind is kind


@pytest.mark.parametrize(
    ("status", "kind"), [(401, BlockKind.LOGIN_WALL), (429, BlockKind.RATE_LIMITED)]
)
def test_an_error_that_nobody_met_yet_is_what_its_status_says(status, kind):
    page = wall({"error": {"code": 77, "message": "?"}}, status=status)
    assert page is not None
    assert page.block_kind is kind


def test_a_server_that_failed_is_no_wall():
    page = wall({"error": {"code": 500, "message": "服务器出错"}}, status=500)
    assert page is not None
    assert page.state is PageState.NOT_CONTENT


@pytest.mark.parametrize(
    "error",
    [
        {"code": 404},
        {"code": 4041, "name": "NotFoundException", "message": "资源不存在"},
        {"code": 1, "message": "该回答已被删除"},
        {"code": 1, "message": "文章已被作者删除"},
        "回答不存在",
    ],
)
def test_an_error_about_something_deleted_is_gone(error):
    page = wall({"error": error})
    assert page is not None
    assert page.state is PageState.GONE


@pytest.mark.parametrize(
    "body",
    [
        "<title>你似乎来到了没有知识存在的荒原 - 知乎</title><div id='root'></div>",
        "<html><div class='ErrorPage'>该回答已被删除</div></html>",
    ],
)
def test_a_page_that_says_its_item_is_gone_is_gone(body):
    page = wall(body)
    assert page is not None
    assert page.state is PageState.GONE


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{**COMMENT, "content": "该回答已被删除"}], "paging": {"is_end": True}},
        {**ANSWER, "content": "请先登录", "message": "x"},
        page_data({"answers": {"7": {**ANSWER, "content": "该回答已被删除"}}}),
        '<p data-pid="a">该回答已被删除</p>',
        "<html><h1 class='QuestionHeader-title'>为什么我的回答被删除了？</h1></html>",
        "<html><section class='HotItem'><h2>没有知识存在的荒原</h2></section></html>",
    ],
)
def test_words_of_people_are_no_wall(body):
    assert wall(body) is None


@pytest.mark.parametrize(
    "markup",
    [
        '好<img class="BDE_Smiley" src="x.png">',
        '好<img src="//tb2.test/image_emoticon25.png">',
        '好<img src="//tb2.test/face/i_f25.png">',
        '好<span class="expand">展开</span>',
        '好<i class="wbicon">c</i>',
        '好<div class="replace_tip">点击展开</div>',
        '好<a action-type="fl_unfold">更多</a>',
        "好<a>全文</a>",
        "好<a></a>",
        "好<a title='x'>",
        "好<script>x</script>",
        "好<b title='a>b'>x</b>",
        "好 < 坏",
    ],
)
def test_what_is_not_plain_is_left_to_the_tree(markup):
    assert plain_fragment(markup) is None


def test_links_that_stand_side_by_side_are_plain():
    markup = "<a href='/x'><span class='surl-text'>#茶#</span></a><a href='/y'>超话</a>"
    assert plain_fragment(markup) == "#茶#超话"


TAGS = ["p", "b", "i", "span", "li", "h2", "div", "blockquote", "code", "sup", "pre"]
WORDS = st.text("ab 中文，\n\t\xa0[]{}展开全文", max_size=6)
ATTRIBUTES = st.sampled_from(
    ["", " class='x'", ' data-pid="a1"', ' href="/x?a=1&amp;b"', ' title="[x]"']
)
PIECES = st.sampled_from(
    [
        "<br>",
        "<br/>",
        "<hr/>",
        '<img src="x" alt="[doge]">',
        "<img alt=[doge]>",
        '<img alt="公式 [1,2]"/>',
        "&amp;",
        "&nbsp;",
        "&lt;b&gt;",
        '<noscript><img src="x"/></noscript>',
        "<noscript>x</noscript>",
        '<pre class="x">a\n  b\n</pre>',
        '<div class="highlight"><pre><code><span class="k">a</span>\n</code></pre></div>',
        '<i class="wbicon">c</i>',
        '<a class="video-box" href="/x"><span class="title">片</span><span>/x</span></a>',
        '<a href="/x" title="题"><a data-draft-type="link-card" href="/y">卡</a>',
        "</a>",
        "</pre>",
        '<a data-draft-type="link-card" href="/x">卡片</a>',
        '<a class="comment_img" href="/x">查看图片</a>',
        "<a href='/x'>全文</a>",
        '<a href="/x">一个 链接</a>',
        '<a href="/x" title="一个链接"></a>',
        '<a href="/x"><span>https://</span><b>链接</b></a>',
        '<a class="LinkCard" data-draft-type="link-card" data-text="题"><span></span></a>',
    ]
)


def element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda tag, attributes, words: f"<{tag}{attributes}>{words}</{tag}>",
        st.sampled_from(TAGS),
        ATTRIBUTES,
        inner,
    )


FRAGMENTS = st.recursive(
    st.one_of(WORDS, PIECES),
    lambda inner: st.one_of(element(inner), st.lists(inner, max_size=5).map("".join)),
    max_leaves=12,
)


@given(FRAGMENTS)
def test_a_plain_fragment_reads_as_its_tree_does(markup):
    plain = plain_fragment(markup)
    if plain is None:
        return
    tree = parse_markup(markup)
    assert tree is not None
    assert clean(plain) == node_text(tree.body)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<p>一</p><a data-draft-type="link-card" href="x">卡片</a><p>二</p>', "一\n卡片\n二"),
        ('<a data-draft-type="link-card" data-text="卡片"><span></span></a>', "卡片"),
        (
            '<a class="video-box" href="x"><span class="title">一段视频</span><span class="url">https://x</span></a>',
            "一段视频",
        ),
        ("<pre><code>a\n  b</code></pre>c", "a\nb\nc"),
        (
            "<table><tr><th>甲</th><th>乙</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "甲 乙\n1 2",
        ),
        ('<a class="video-box" data-name=""><span class="url">https://x</span></a>后', "后"),
        ('<a class="video-box" data-name="片名"><span class="url">https://x</span></a>', "片名"),
        (
            '<a class="LinkCard" data-draft-type="link-card"><span class="LinkCard-title">题</span>'
            '<span class="LinkCard-desc">说明</span></a>',
            "题",
        ),
        ('<p>看<a class="comment_img" href="x">查看图片</a></p>', "看"),
        ('看<img alt="\\sum_{i}" class="ztext-math"/>吧', "看吧"),
        (
            "<figure><noscript><img src='x'></noscript><img><figcaption>图注</figcaption></figure>",
            "图注",
        ),
        (
            '<span class="invisible">https://</span><span class="visible">a.test/b</span>',
            "https://a.test/b",
        ),
    ],
)
def test_what_the_editor_of_zhihu_makes_reads_as_a_person_reads_it(markup, text):
    assert markup_text(markup) == text


def many(entry: object, count: int, **changes: object) -> bytes:
    """A list of as many entries."""
    one = json.dumps(entry)
    rest = json.dumps(changes)[1:]
    return f'{{"paging":{{"is_end":true}},"data":[{",".join([one] * count)}],{rest}'.encode()


HUGE = {
    "many comments": lambda: many(COMMENT, 60_000, counts={}),
    "as many as are read": lambda: many(
        {**COMMENT, "content": "<p>好</p>" * 200}, 5_000, counts={}
    ),
    "many replies": lambda: many({**COMMENT, "child_comments": [COMMENT] * 60_000}, 1, counts={}),
    "many answers": lambda: many(ANSWER, 60_000, session={}),
    "many rows": lambda: many({"type": "hot_list_feed", "target": {"title": "x"}}, 100_000, x=1),
    "a long text": lambda: many(
        {**ANSWER, "content": "<p>好 &amp; 坏</p>" * 700_000}, 1, session={}
    ),
    "links": lambda: many({**ANSWER, "content": "<a " + "link-card" * 1_000_000}, 1, session={}),
    "pictures": lambda: many(
        {**ANSWER, "content": "<img " + " alt=[a] " * 1_000_000}, 1, session={}
    ),
    "classes": lambda: many({**ANSWER, "content": "class=" * 1_500_000}, 1, session={}),
    "blocks": lambda: many({**ANSWER, "content": "</pre>" + "<pre" * 2_000_000}, 1, session={}),
    "gaps": lambda: many({**ANSWER, "content": "<p>x" + "<br> <p>" * 1_000_000}, 1, session={}),
    "digits": lambda: b"<div class='ContentItem' data-zop='{}'>" + b"1" * 9_000_000,
    "data": lambda: page_data({"answers": {str(n): ANSWER for n in range(40_000)}}).encode(),
    "broken data": lambda: b'<script id="js-initialData">' * 500_000,
    "a body": lambda: b'<p data-pid="a">' + "好<b>x</b>".encode() * 1_000_000,
    "deep": lambda: b'{"data":' + b'[{"list":' * 400_000,
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_huge_page_is_read_or_not_understood_in_time(kind):
    body = HUGE[kind]()
    start = time.process_time()
    try:
        page = detect.read_page(body, platform=Platform.ZHIHU, fetched_at=AT)
    except LayoutChanged:
        page = None
    assert time.process_time() - start < 2
    assert page is None or page.state is not PageState.EMPTY
