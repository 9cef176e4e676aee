"""Markup becomes what a person reads, whatever it is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.pages.text import clean, markup_text, plain_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("纯文字", "纯文字"),
        ("a &amp; b &lt;3&gt;", "a & b <3>"),
        ('真香<img alt="[doge]" src="x">', "真香[doge]"),
        ("真香<span class='url-icon'><img alt=[doge] /></span>！", "真香[doge]！"),
        ('<img title="[吃瓜]" alt="">', "[吃瓜]"),
        ('一张<img alt="我的照片">图', "一张图"),
        ('公式<img class="ztext-math" alt="\\frac{1}{2}">', "公式"),
        ("一<br>二<br/>三", "一\n二\n三"),
        ("一<br><br><br><br>二", "一\n\n二"),
        ("<p>一</p><p>二</p>", "一\n二"),
        ("<p>一</p>\n\n  <p>二</p>", "一\n二"),
        ("<ul><li>一</li><li>二</li></ul>", "一\n二"),
        ("  多   余\n\t空 白 ", "多 余 空 白"),
        ("找<em>奶茶</em>的人", "找奶茶的人"),
        ('长文...<a href="/status/1">全文</a>', "长文..."),
        ('长文<a action-type="fl_unfold" href="x">展开<i class="wbicon">c</i></a>', "长文"),
        ('长文<a href="x">收起<i class="wbicon">d</i></a>', "长文"),
        ('<a href="x">全文检索</a>', "全文检索"),
        ('<a href="x"><i class="wbicon">L</i>某某的微博视频</a>', "某某的微博视频"),
        ('<a href="x" title="链接卡片的标题"></a>', "链接卡片的标题"),
        ('<a href="x" data-text="卡片"></a>', "卡片"),
        ("<script>alert(1)</script>x<style>a{}</style><noscript>y</noscript>", "x"),
        ("x<button>阅读全文</button><svg><title>箭头</title></svg>", "x"),
        ('<div class="replace_tip">点击展开，查看完整图片</div>帖子', "帖子"),
        ("\u200b文字\u200b\ufeff", "文字"),
        ("家\u200d人", "家\u200d人"),
        ("<!-- 注释 -->x", "x"),
        ("x\x00\x07y\ue627", "xy"),
        ("1 < 2 且 3 > 2", "1 < 2 且 3 > 2"),
        ("", ""),
        (None, ""),
        (["<p>"], ""),
    ],
)
def test_markup_reads_as_a_person_reads_it(markup, text):
    assert markup_text(markup) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a &amp;&amp; b", "a && b"),
        ("<em>云栈</em>奶茶", "云栈奶茶"),
        ('<em class="hl">云栈</em>', "云栈"),
        ("第一行\r\n第二行", "第一行\n第二行"),
        ("1 &lt; 2", "1 < 2"),
        ("<b>不是标记</b>", "<b>不是标记</b>"),
        (5, ""),
        (None, ""),
    ],
)
def test_plain_text_keeps_its_lines_and_loses_only_marks(raw, text):
    assert plain_text(raw) == text


def test_a_lone_surrogate_is_dropped():
    assert clean("好\ud83d的") == "好的"
    assert markup_text("<p>好\ud83d的</p>") == "好的"


HUGE = {
    "deep": lambda: "<div>" * 2_000_000 + "x",
    "unclosed": lambda: "<b>" * 300_000 + "<p>x" * 300_000,
    "tangled": lambda: "".join(f"<b id={n}>" for n in range(3_000)) + "<p>x" * 3_000,
    "attributes": lambda: "<a " + "b=1 " * 2_000_000 + ">x",
    "angles": lambda: "<" * 10_000_000,
    "ampersands": lambda: "&" * 10_000_000,
    "entities": lambda: "&amp;" * 2_000_000,
    "paragraphs": lambda: "<p>你好 world</p>" * 190_000,
    "plain": lambda: "你好 world\n" * 900_000,
    "breaks": lambda: "<br>" * 190_000,
    "comments": lambda: "<!--" * 2_000_000,
    "script": lambda: "<script>" + "x" * 10_000_000,
}


@pytest.mark.parametrize("kind", HUGE)
def test_ten_megabytes_of_anything_are_read_in_time(kind):
    markup = HUGE[kind]()
    start = time.process_time()
    assert isinstance(markup_text(markup), str)
    assert time.process_time() - start < 2


TAGS = ["<p>", "</p>", "<b>", "</b>", "<a>", "<br>", "<img alt='[x]'>", "<table>", "</div>", "<i "]


@given(st.lists(st.one_of(st.sampled_from(TAGS), st.text())).map("".join))
def test_nothing_makes_it_raise_and_it_leaves_no_tag_it_knows(markup):
    text = markup_text(markup)
    assert "<p>" not in text
    assert text == clean(text)
    text.encode()
