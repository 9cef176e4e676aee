"""Siblings of Tieba's saved pages: the markup of other years, pages cut down to their posts, boxes
among the results. All of it written here, after what public readers of these pages look for.
"""

import html
import json
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.pages.detect import read_page
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
"""Noon in China."""

THREAD = "https://tieba.baidu.com/p/4103000001"


def read(body: object, url: str = "") -> Page:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_page(text.encode(), platform=Platform.TIEBA, url=url, fetched_at=AT)


def china(mention: FoundMention) -> str:
    assert mention.published_at is not None
    return (mention.published_at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")


def described(**fields: object) -> str:
    return html.escape(json.dumps(fields))


# finished threads

AUTHOR = {"user_id": 98500001, "user_name": "mit", "name_u": "mit&ie=utf-8"}
CONTENT = {"post_id": 77437000001, "post_no": 2, "comment_num": 1}
NAME = '<li class="d_name"><a class="p_author_name j_user_card" href="/home/main?un=mit">mit</a>'
SAID = '<cc><div id="post_content_77437000001" class="d_post_content j_d_post_content">  好喝</div>'


def tail(*spans: str) -> str:
    told = "".join(
        span if span[0] == "<" else f"<span class=tail-info>{span}</span>" for span in spans
    )
    return f'<div class="core_reply_tail clearfix"><div class="post-tail-wrap">{told}</div></div>'


def floor(below: str, *, said: str = SAID, name: str = NAME, **content: object) -> str:
    field = described(author=AUTHOR, content={**CONTENT, **content})
    return f'<div class="l_post j_l_post" data-field="{field}">{name}{said}{below}</div>'


def thread_page(*floors: str, title: str = "x", above: str = "", below: str = "") -> str:
    posts = f'<div class="p_postlist">{"".join(floors)}</div>'
    return f"<html><head><title>{title}</title></head><body>{above}{posts}{below}</body></html>"


@pytest.mark.parametrize(
    ("below", "when", "client", "place"),
    [
        (tail("2楼", "2017-08-05 17:07"), "2017-08-05 17:07", None, None),
        (
            tail("来自Android客户端", "12楼", "2017-08-05 17:07"),
            "2017-08-05 17:07",
            "Android客户端",
            None,
        ),
        (
            tail("<span>IP属地:广东</span>", "来自<a>iPhone客户端</a>", "2楼", "2024-08-05 17:07"),
            "2024-08-05 17:07",
            "iPhone客户端",
            "广东",
        ),
        (
            tail("2024-08-05&nbsp;17:07", "2楼", "IP属地：中国香港"),
            "2024-08-05 17:07",
            None,
            "中国香港",
        ),
        (
            tail("<span>IP属地:未知</span>", "第3楼", "2016-5-5 1:07"),
            "2016-05-05 01:07",
            None,
            None,
        ),
        (tail("沙发", "2024-08-05 17:07:59"), "2024-08-05 17:07", None, None),
        (
            '<ul class="p_tail"><li><span>2楼</span></li><li><span>2015-10-15 17:49</span>',
            "2015-10-15 17:49",
            None,
            None,
        ),
        (
            '<div class="core_reply_tail"><ul class="p_tail"><li><span>7楼</span></li><li><span>'
            '2026-08-12 08:00</span></li></ul><ul class="p_mtail"><li>举报&nbsp;|</li><li>'
            "<span>来自</span><a>iPad客户端</a></li></ul><div><span>IP属地:广东</span></div>",
            "2026-08-12 08:00",
            "iPad客户端",
            "广东",
        ),
    ],
)
def test_the_line_below_a_floor_is_read_in_whichever_order_it_stands(below, when, client, place):
    (mention,) = read(thread_page(floor(below)), THREAD).mentions
    assert (china(mention), mention.client, mention.ip_location) == (when, client, place)
    assert (mention.kind, mention.author, mention.text) == (Kind.FLOOR, "mit", "好喝")


def test_a_floor_without_a_line_tells_its_time_in_its_data():
    (mention,) = read(thread_page(floor("", date="2015-10-15 17:49")), THREAD).mentions
    assert china(mention) == "2015-10-15 17:49"


@pytest.mark.parametrize(
    "around",
    [
        "<script>PageData.thread = {author:'a', thread_id : 4103000001, title:'x'}</script>",
        '<a href="/complaint/info?type=0&amp;tid=4103000001&amp;pid=77437000001">举报</a>',
        "<a onclick=\"go('/p/4103000001?see_lz=1')\">只看楼主</a>",
        '<a id="lzonly_cntn" href="/p/4103000001?see_lz=1">只看楼主</a>',
    ],
)
def test_a_saved_page_without_its_address_names_its_thread_in_links_and_scripts(around):
    page = thread_page(floor(tail("2楼", "2015-10-15 17:49")), below=around)
    (mention,) = read(page).mentions
    assert (mention.root_id, mention.url.split("?")[0]) == ("tieba:4103000001", THREAD)


@pytest.mark.parametrize(
    ("title", "name", "forum"),
    [
        ("云栈怎么样【奶茶吧】_百度贴吧", "云栈怎么样", "奶茶"),
        ("【图片】云栈怎么样【奶茶吧】_百度贴吧", "云栈怎么样", "奶茶"),
        ("云栈怎么样_百度贴吧", "云栈怎么样", None),
        ("百度贴吧", "", None),
    ],
)
def test_a_page_without_its_head_is_named_by_its_title(title, name, forum):
    opening = floor(tail("1楼", "2015-10-15 17:49"), post_no=1)
    (mention,) = read(thread_page(opening, title=title), THREAD).mentions
    assert (mention.kind, mention.title, mention.forum) == (Kind.THREAD, name, forum)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ('看<img class="BDE_Smiley" src="https://x.test/image_emoticon25.png">', "看[滑稽]"),
        ('<img class="BDE_Image" src="https://x.test/a.jpg"><br>图', "图"),
        ('回复 <a class="at" href="/home/main?un=x">乙</a> ：好', "回复 乙 ：好"),
        (
            '<div class="voice_player"><a class="voice_player_inner">3"</a></div>',
            "",
        ),
        ('<div class="post_bubble_top"></div><div class="post_bubble_middle_inner">泡</div>', "泡"),
        ('<div class="replace_tip">点击展开，查看完整图片</div>字', "字"),
    ],
)
def test_what_a_floor_says_is_what_a_person_reads(said, text):
    body = f'<div id="post_content_77437000001" class="d_post_content">{said}</div>'
    page = thread_page(floor(tail("2楼", "2017-08-05 17:07"), said=body))
    (mention,) = read(page, THREAD).mentions
    assert mention.text == text


def test_a_floor_of_2013_names_its_fields_otherwise():
    field = described(
        author={"id": 98500001, "name": "mit"}, content={"id": 31828000001, "floor": 1}
    )
    said = '<div class="d_post_content">早</div>'
    old = f'<div class="l_post" data-field="{field}">{said}{tail("2013-03-13 12:12")}</div>'
    (mention,) = read(thread_page(old, title="题_百度贴吧"), THREAD).mentions
    assert (mention.kind, mention.bid, mention.title) == (Kind.THREAD, "31828000001", "题")
    assert (mention.author, mention.author_uid) == ("mit", "98500001")


def test_an_advert_between_floors_is_no_floor():
    advert = (
        '<div class="l_post j_l_post" data-field="{}"><div class="d_post_content">买</div></div>'
    )
    page = thread_page(floor(tail("2楼", "2017-08-05 17:07")), advert)
    assert len(read(page, THREAD).mentions) == 1


# forum lists


def row(tid: int = 9110000041, *, field: str | None = None, created: str = "7-6") -> str:
    told = field or described(id=tid, author_name="甲", reply_num=18, first_post_id=1505)
    return (
        f'<li class=" j_thread_list clearfix" data-field=\'{told}\'><a href="/p/{tid}" title="题"'
        f' class="j_th_tit ">题</a><span class="is_show_create_time">{created}</span></li>'
    )


def forum_page(*rows: str) -> str:
    return (
        '<html><head><title>奶茶吧-百度贴吧</title></head><body><code class="pagelet_html"'
        ' id="pagelet_html_frs-list/pagelet/thread_list"><!--<ul class="threadlist">'
        f"{''.join(rows)}</ul>--></code></body></html>"
    )


def test_an_advert_in_a_forum_says_nothing_of_itself_though_it_may_lead_to_a_thread():
    page = read(forum_page(row(), row(9110000099, field="{}")))
    assert [mention.id for mention in page.mentions] == ["tieba:9110000041"]


@pytest.mark.parametrize(
    ("created", "when"),
    [
        ("14:32", "2026-11-20 14:32"),
        ("5-21", "2026-05-21 00:00"),
        ("12-31", "2025-12-31 00:00"),
        ("2019-03", "2019-03-01 00:00"),
    ],
)
def test_a_list_tells_when_a_thread_began_as_coarsely_as_it_is_old(created, when):
    (mention,) = read(forum_page(row(created=created))).mentions
    assert china(mention) == when


def test_an_emoticon_of_a_feed_has_a_name():
    abstract = {
        "data": [{"text_info": {"text": "好"}}, {"emoji_info": {"name": "image_emoticon25"}}]
    }
    head = {"main_data": [{"text": {"text": "甲"}}]}
    feed = {
        "business_info_map": {"thread_id": "10990000031", "title": "题"},
        "components": [
            {"component": "feed_head", "feed_head": head},
            {"component": "feed_abstract", "feed_abstract": abstract},
        ],
    }
    reply = {"error_code": 0, "page_data": {"feed_list": [{"layout": "feed", "feed": feed}]}}
    (mention,) = read(reply).mentions
    assert mention.text == "好[滑稽]"


# search


def result(
    title: str = "题",
    href: str = "/p/6862000001?pid=134000000001&amp;cid=0#134000000001",
    *,
    author: str = '作者：<a href="/home/main?un=%BC%D7"><font class="p_violet">甲</font></a>',
    when: str = '<font class="p_green p_date">2020-08-05 13:57</font>',
) -> str:
    return (
        f'<div class="s_post"><span class="p_title"><a class="bluelink" href="{href}">{title}</a>'
        '</span><div class="p_content">多久</div>贴吧：<a class="p_forum" href="/f?kw=x">'
        f'<font class="p_violet">奶茶</font></a>{author}{when}</div>'
    )


@pytest.mark.parametrize(
    ("card", "author", "uid"),
    [
        (result(), "甲", "name:甲"),
        (
            result(
                author='作者：<a href="/i/sys/jump?un=wmy"><font class="p_violet">wmy</font></a>'
            ),
            "wmy",
            "name:wmy",
        ),
        (result(author=""), "", None),
        (result(when='<font class="p_green">2020-08-05 13:57</font>'), "甲", "name:甲"),
    ],
)
def test_a_result_of_any_year_tells_forum_author_and_time(card, author, uid):
    (mention,) = read(card).mentions
    assert (mention.forum, mention.author, mention.author_uid) == ("奶茶", author, uid)
    assert china(mention) == "2020-08-05 13:57"
    assert (mention.id, mention.bid) == ("tieba:6862000001", "134000000001")


def test_a_reply_among_the_results_is_a_floor_or_a_reply_to_one():
    to_thread = result("回复：题", "/p/6862000001?pid=134000000002&amp;cid=#134000000002")
    to_floor = result("回复:题", "/p/6862000001?pid=134000000002&amp;cid=134000000003#1")
    floors = read(to_thread + to_floor).mentions
    assert [(one.kind, one.id) for one in floors] == [
        (Kind.FLOOR, "tieba:134000000002"),
        (Kind.REPLY, "tieba:134000000003"),
    ]


def test_a_box_about_a_forum_is_no_result_but_a_page_of_boxes_is_a_changed_layout():
    box = '<div class="s_post"><a href="/f?kw=x">奶茶吧</a></div>'
    assert len(read(box + result()).mentions) == 1
    with pytest.raises(LayoutChanged, match="tid"):
        read(box)


def card(line: str, *, link: str = '<a href="/p/10990000009"></a>', numbers: str = "") -> str:
    return (
        f'<div class="threadcardclass">{link}<div class="top-title">{line}</div>'
        f'<div class="title-wrap">题</div>{numbers}</div>'
    )


def test_a_card_of_the_virtual_list_is_known_by_the_key_of_its_place():
    listed = card('<span class="forum-attention">甲</span><span>发布于 3-15</span>', link="")
    page = f'<div class="virtual-list-item" data-key="10990000009">{listed}</div>'
    assert read(page).mentions[0].id == "tieba:10990000009"
    with pytest.raises(LayoutChanged, match="tid"):
        read(listed)


def test_the_last_reply_is_not_when_a_card_was_written():
    (mention,) = read(card("<span>甲</span><span> 回复于 3-15</span>")).mentions
    assert (mention.published_at, mention.author) == (None, "甲")
    assert mention.stirred_at == datetime(2026, 3, 15, 16, tzinfo=UTC)


def test_below_a_card_replies_stand_between_shares_and_likes():
    numbers = "".join(f'<span class="action-number">{n}</span>' for n in ("分享", "12", "3"))
    (mention,) = read(card("甲 发布于 3-15", numbers=numbers)).mentions
    assert mention.comments == 12


# rendered threads


def rendered(opening: str, place: str = 'data-key="153990000502"', body: str | None = None) -> str:
    said = body or '<div class="pb-rich-text"><span class="text">找店家</span></div>'
    return (
        f'<div id="app"><div class="pc-pb-box">{opening}'
        '<div class="pc-pb-reply-top">全部回复 (2)</div>'
        f'<div class="pc-pb-reply-list"><div class="virtual-list-item" {place}>'
        '<div class="pb-comment-item"><div class="head-line"><img class="avatar-img"'
        ' src="https://x.test/sys/portrait/item/tb.1.aaa.bbb?t=1"><a class="head-name">'
        "茶友</a></div>"
        f'<div class="comment-content">{said}<div class="comment-desc-left"><span>第2楼 </span>'
        "<span>03-22</span><span> 河北</span></div></div></div></div></div></div></div>"
    )


OPENING = (
    '<div class="image-text"><div class="head-line user-info"><a class="head-name">老茶客</a>'
    '<div class="desc-info"><span class="post-num">6-21 10:05</span> <span>浙江</span></div></div>'
    '<div class="pb-title-wrap"><span class="pb-title">漏了</span></div>'
)
BAR = "".join(f'<span class="action-number">{n}</span>' for n in ("转发", "12", "1.2万", "收藏"))


def test_a_rendered_thread_tells_counts_places_and_users_where_it_shows_them():
    opening = f'{OPENING}<div class="pb-content-wrap">刚买</div></div>'
    page = rendered(f'{opening}<div class="action-bar-container">{BAR}</div>')
    thread, floor = read(page, "https://tieba.baidu.com/p/10990000061").mentions
    assert (thread.text, thread.comments, thread.likes) == ("刚买", 2, 12_000)
    assert (thread.reposts, thread.ip_location) == (None, "浙江")
    assert (floor.id, floor.author_uid) == ("tieba:153990000502", "portrait:tb.1.aaa.bbb")
    assert (floor.ip_location, china(floor)) == ("河北", "2026-03-22 00:00")


def test_a_rendered_video_is_a_thread_with_a_title_and_no_words():
    page = rendered(f'{OPENING}<div class="player-placeholder"></div></div>')
    thread = read(page, "https://tieba.baidu.com/p/10990000061").mentions[0]
    assert (thread.kind, thread.title, thread.text) == (Kind.THREAD, "漏了", "")


@pytest.mark.parametrize(
    "around", ['<b tid="10990000061"></b>', '<a href="/p/10990000061?showComment=1">2</a>']
)
def test_a_rendered_page_without_its_address_may_name_its_thread(around):
    page = rendered(f'{OPENING}<div class="pb-content-wrap">刚买</div></div>{around}')
    assert read(page).mentions[0].id == "tieba:10990000061"


# replies to floors


def test_replies_that_were_deleted_are_counted_but_not_missing():
    floor = {"comment_num": 3, "comment_list_num": 0, "comment_info": []}
    reply = {"errno": 0, "data": {"comment_list": {"7": floor}, "user_list": {}}}
    assert read(reply).state is PageState.EMPTY


def test_the_place_of_a_reply_stands_beside_its_time():
    item = (
        '<li class="lzl_single_post" data-field="{&quot;spid&quot;:15072600001}">'
        '<div class="lzl_cnt">'
        '<a class="at" username="h" href="/home/main?un=h">显</a><span class="lzl_content_main">'
        "好</span>"
        '<div class="lzl_content_reply"><span>IP属地:广东</span><span class="lzl_time">'
        "2024-8-6&nbsp;9:01</span></div></div></li>"
    )
    (mention,) = read(item).mentions
    assert (mention.author, mention.author_uid, mention.ip_location) == ("显", "name:h", "广东")
    assert china(mention) == "2024-08-06 09:01"


# where nothing is left


def notice(words: str, title: str = "贴吧404") -> str:
    return f"<html><head><title>{title}</title></head><body><p>{words}</p></body></html>"


@pytest.mark.parametrize(
    "page",
    [
        notice("很抱歉，您要访问的页面不存在。"),
        notice("很抱歉，该贴已被删除。"),
        notice("该吧被封禁，您所访问的贴子无法显示"),
        notice("抱歉，本吧已被封禁，暂时无法访问", title="奶茶吧-百度贴吧"),
        notice("您要找的吧尚未建立，欢迎创建本吧", title="奶茶吧-百度贴吧"),
    ],
)
def test_a_notice_in_place_of_a_thread_or_a_forum_says_that_it_is_gone(page):
    assert read(page).state is PageState.GONE


def test_a_post_about_a_closed_forum_closes_none():
    said = '<div class="d_post_content">听说这个吧被封禁</div>'
    page = thread_page(floor(tail("2楼", "2017-08-05 17:07"), said=said), title="贴吧404")
    assert read(page, THREAD).mentions[0].text == "听说这个吧被封禁"


def test_a_field_that_was_escaped_twice_is_read():
    twice = floor(tail("2楼", "2017-08-05 17:07"), thread_id=4103000001)
    (mention,) = read(thread_page(twice.replace("&quot;", "&amp;quot;"))).mentions
    assert (mention.root_id, mention.author_uid) == ("tieba:4103000001", "98500001")
