"""A card that is clearly a post but lacks what a mention needs stops the page, and says which."""

import json
from datetime import UTC, datetime

import pytest

from crawlers.pages import tieba_search, weibo_search, zhihu_search
from domain.errors import LayoutChanged
from domain.page import Page, PageState

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)


def weibo(body: str, url: str = "") -> Page:
    return weibo_search.parse(body.encode(), url=url, status=200, fetched_at=AT)


def zhihu(reply: object) -> Page:
    body = reply if isinstance(reply, str) else json.dumps(reply)
    return zhihu_search.parse(body.encode(), url="", status=200, fetched_at=AT)


def tieba(reply: object) -> Page:
    body = reply if isinstance(reply, str) else json.dumps(reply)
    return tieba_search.parse(body.encode(), url="", status=200, fetched_at=AT)


WEIBO_POST = """<div class="card-wrap" action-type="feed_list_item" mid="5301112223334441">
<a class="name" href="//weibo.com/9000000002">某人</a>
<p class="txt" node-type="feed_list_content">好</p>
<p class="from"><a href="//weibo.com/9000000002/R0sVUdZrj">5分钟前</a></p></div>"""
WEIBO_GOOD = WEIBO_POST.replace("5301112223334441", "5301112223334442").replace("Zrj", "Zrk")


@pytest.mark.parametrize(
    ("gone", "instead", "field"),
    [
        (' mid="5301112223334441"', "", None),
        ('<a href="//weibo.com/9000000002/R0sVUdZrj">', '<a href="#">', None),
        ('<a class="name" href="//weibo.com/9000000002">某人</a>', "", "author"),
        ('<p class="txt" node-type="feed_list_content">好</p>', "", "text"),
        ("5分钟前", "", "created_at"),
        ("5分钟前", "很久以前", "created_at"),
        ('class="from"', 'class="when"', "created_at"),
        ("feed_list_item", "feed_item", None),
    ],
)
def test_a_weibo_card_names_the_field_it_lacks(gone, instead, field):
    page = WEIBO_POST.replace(gone, instead)
    assert page != WEIBO_POST
    if field is None:  # another place tells the same
        assert weibo(page).mentions[0].id == "weibo:5301112223334441"
        return
    with pytest.raises(LayoutChanged) as caught:
        weibo(page)
    assert (caught.value.surface, caught.value.field) == ("weibo_search", field)


def test_a_weibo_card_with_no_id_anywhere_is_a_changed_layout():
    page = WEIBO_POST.replace(' mid="5301112223334441"', "").replace("R0sVUdZrj", "")
    with pytest.raises(LayoutChanged, match="mid"):
        weibo(page)


def test_one_unreadable_card_among_good_ones_is_not_skipped_silently():
    with pytest.raises(LayoutChanged, match="created_at"):
        weibo(WEIBO_GOOD + WEIBO_POST.replace("5分钟前", ""))
    assert len(weibo(WEIBO_GOOD + WEIBO_POST).mentions) == 2


def test_a_no_result_notice_with_unknown_words_is_not_empty():
    notice = '<div class="card card-no-result"><p>系统繁忙</p></div>'
    with pytest.raises(LayoutChanged):
        weibo(notice)
    assert weibo(notice.replace("系统繁忙", "抱歉，未找到相关结果")).state is PageState.EMPTY


ARTICLE = {
    "id": "7",
    "type": "article",
    "title": "题",
    "content": "<p>文</p>",
    "created_time": 1763600000,
}


def a_reply(item: object, **changes: object) -> dict[str, object]:
    entry = {"type": "search_result", "object": item}
    return {"paging": {"is_end": True}, "data": [entry], **changes}


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (a_reply({**ARTICLE, "id": None}), "id"),
        (a_reply({**ARTICLE, "id": 1.9e18}), "id"),
        (a_reply({**ARTICLE, "id": "x/../7"}), "id"),
        (a_reply({**ARTICLE, "created_time": 0}), "created_time"),
        (a_reply({**ARTICLE, "created_time": "soon"}), "created_time"),
        (a_reply({**ARTICLE, "title": "", "content": ""}), "content"),
        (a_reply(None), "object"),
        (a_reply({**ARTICLE, "type": "hologram"}), "data[].type"),
        (a_reply(ARTICLE, data=[{"type": "new_box"}]), "data[].type"),
        (a_reply(ARTICLE, data=["x"]), "data[]"),
        (a_reply(ARTICLE, data=None), "data"),
        (a_reply(ARTICLE, paging=None), "paging.is_end"),
        (a_reply(ARTICLE, paging={"is_end": False}), "paging.next"),
        ({"paging": {"is_end": True}}, "data"),
    ],
)
def test_a_zhihu_reply_names_the_field_it_lacks(reply, field):
    with pytest.raises(LayoutChanged) as caught:
        zhihu(reply)
    assert (caught.value.surface, caught.value.field) == ("zhihu_search", field)


def test_a_zhihu_article_without_what_may_be_missing_has_none_and_not_zero():
    (mention,) = zhihu(a_reply(ARTICLE)).mentions
    assert (mention.likes, mention.comments, mention.reposts, mention.views) == (None,) * 4
    assert (mention.author, mention.author_uid) == ("", None)


def test_an_empty_zhihu_page_that_has_more_to_come_is_not_empty():
    page = zhihu(a_reply(ARTICLE, data=[], paging={"is_end": False, "next": "https://x.test"}))
    assert (page.state, page.next) == (PageState.OK, "https://x.test")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('<div class="ContentItem" data-zop="{">x</div>', "data-zop"),
        (
            '<p class="ContentItem" data-zop=\'{"type":"answer","itemId":7,"title":"题"}\'></p>',
            "created_time",
        ),
        ('<div class="Card SearchResult-Card">x</div>', "ContentItem[data-zop]"),
    ],
)
def test_a_zhihu_card_names_the_field_it_lacks(body, field):
    with pytest.raises(LayoutChanged) as caught:
        zhihu(body)
    assert (caught.value.surface, caught.value.field) == ("zhihu_cards", field)


THREAD = {"tid": "10990000001", "title": "题", "content": "文", "create_time": 1763600000}


def a_multsearch(*threads: object, **changes: object) -> dict[str, object]:
    cards = [{"cardInfo": "thread", "data": thread} for thread in threads]
    return {"error_code": 0, "data": {"has_more": 0, "card_list": cards, **changes}}


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (a_multsearch({**THREAD, "tid": None}), "tid"),
        (a_multsearch({**THREAD, "tid": "../x"}), "tid"),
        (a_multsearch({**THREAD, "create_time": 0}), "time"),
        (a_multsearch({**THREAD, "title": "", "content": ""}), "title"),
        (a_multsearch({**THREAD, "title": "回复：题"}), "pid"),
        (a_multsearch(THREAD, has_more=1), "data.current_page"),
        (a_multsearch(card_list=[{"cardInfo": "thread_v2", "data": THREAD}]), "cardInfo"),
        (a_multsearch(card_list=["x"]), "data.card_list"),
        (a_multsearch(card_list="x"), "data.card_list"),
        ({"error_code": 0, "data": {}}, "data.card_list"),
        ({"error_code": 0}, "data.card_list"),
        ("<html><body>x</body></html>", "s_post"),
        ("<div class='s_post'>x</div>", "tid"),
        ("<div class='s_post'><span class='p_title'><a data-tid='1'>题</a></span></div>", "time"),
        ("<div class='threadcardclass'>x</div>", "tid"),
    ],
)
def test_a_tieba_page_names_the_field_it_lacks(reply, field):
    with pytest.raises(LayoutChanged) as caught:
        tieba(reply)
    assert (caught.value.surface, caught.value.field) == ("tieba_search", field)


def test_a_tieba_thread_without_what_may_be_missing_has_none_and_not_zero():
    (mention,) = tieba(a_multsearch(THREAD)).mentions
    assert (mention.likes, mention.comments, mention.reposts) == (None, None, None)
    assert (mention.forum, mention.author_uid) == (None, None)


def test_the_page_after_this_one_is_known_from_the_address_where_the_reply_is_silent():
    body = json.dumps(a_multsearch(THREAD, has_more=True)).encode()
    url = "https://tieba.baidu.com/mo/q/search/multsearch?word=x&pn=4&rn=20"
    assert tieba_search.parse(body, url=url, status=200, fetched_at=AT).next == "5"
