"""presentation/hostile.py: what crawled text may not do."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presentation.hostile import clean_line, clusters, defang, excerpt, quotation, safe_link

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("第一行\r\nBcc: all@example.com", "第一行 Bcc: all@example.com"),
        ("甲\u2028乙\u2029丙\x0b丁\x85戊", "甲 乙 丙 丁 戊"),
        ("\u202e反过来\u2066", "反过来"),
        ("零\u200b宽\ufeff度\u00ad", "零宽度"),
        ("\x1b[31m红\x1b[0m\x00", "[31m红[0m"),
        ("半个\ud83d代理", "半个代理"),
        ("全角\u3000空格\u00a0", "全角 空格"),
        ("家👨‍👩‍👧人", "家👨‍👩‍👧人"),
        ("散\u200d连\u200d", "散连"),
        ("👍\u200d", "👍"),
        ("堆" + "\u0336" * 50, "堆" + "\u0336" * 4),
        ("标签\U000e0041藏字", "标签藏字"),
        ("空\u3164\u2800白", "空 白"),
    ],
)
def test_a_line_keeps_what_is_read_and_loses_what_acts(text, cleaned):
    assert clean_line(text) == cleaned


@given(ANY_TEXT)
def test_a_cleaned_line_is_one_line_that_every_encoder_takes(text):
    cleaned = clean_line(text)
    assert cleaned.splitlines() in ([], [cleaned])
    cleaned.encode("utf-8")  # half surrogates would raise
    categories = {unicodedata.category(sign) for sign in cleaned if sign != "\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert clean_line(cleaned) == cleaned


@given(ANY_TEXT)
def test_clusters_are_the_text_itself(text):
    assert "".join(clusters(text)) == text


@given(ANY_TEXT, st.integers(1, 40))
def test_an_excerpt_is_never_longer_than_asked(text, limit):
    assert len(list(clusters(excerpt(text, limit)))) <= limit


def test_an_excerpt_does_not_cut_a_family_in_half():
    assert excerpt("家👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 3) == "家👨‍👩‍👧…"


def test_a_short_text_is_not_cut():
    assert excerpt("刚好四字", 4) == "刚好四字"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("看 https://evil.example/x?a=1", "看 hxxps://evil[.]example/x?a=1"),
        ("HTTP://A.B.example", "hxxp://A[.]B[.]example"),
        ("ftp://f.example", "fxp://f[.]example"),
        ("去www.evil.example领奖", "去www[.]evil[.]example领奖"),
        ("写信 a.b@evil.example", "写信 a.b@evil[.]example"),
        ("版本 2.0，评分 3.5", "版本 2.0，评分 3.5"),
    ],
)
def test_addresses_in_crawled_text_are_no_links(text, shown):
    assert defang(text) == shown


def test_a_quotation_is_one_line_cut_and_cold():
    assert quotation("甲\nhttp://evil.example/" + "x" * 99, 12) == "甲 hxxp://ev…"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://weibo.com/1/Pabc?from=x#y", "https://weibo.com/1/Pabc?from=x#y"),
        ("http://127.0.0.1:8765/p/1", "http://127.0.0.1:8765/p/1"),
        ("https://tieba.baidu.com/f?kw=奶茶", "https://tieba.baidu.com/f?kw=%E5%A5%B6%E8%8C%B6"),
        ("https://例子.example/", "https://xn--fsqu00a.example/"),
        ("https://weibo.com/%E4%B8%AD", "https://weibo.com/%E4%B8%AD"),
        ('https://weibo.com/"onclick="x', "https://weibo.com/%22onclick=%22x"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("data:text/html,x", None),
        ("//evil.example", None),
        ("https://weibo.com@evil.example/", None),
        ("https://evil.example\\@weibo.com", None),
        ("https://weibo.com/\nx", None),
        ("https://weibo.com/a b", None),
        ("https:///nohost", None),
        ("https://[::1", None),
        ("https://weibo.com:99999/", None),
        ("https://a<b>.example/", None),
        ("https://weibo.com/" + "x" * 2000, None),
        ("", None),
    ],
)
def test_only_plain_http_addresses_become_links(url, safe):
    assert safe_link(url) == safe


@given(ANY_TEXT)
def test_a_safe_link_is_ascii_without_quotes_whatever_comes(text):
    link = safe_link("https://weibo.com/" + text)
    assert link is None or (link.isascii() and not set(link) & set("\"'<> \n\r"))


@pytest.mark.parametrize("part", ["\U0001f3fb", "👩\u200d", "\U0001f1e8"])
def test_an_endless_sign_does_not_get_past_the_limit(part):
    assert len(excerpt(part * 50_000, 20)) <= 20 * 16


@pytest.mark.parametrize(
    ("text", "cold"),
    [
        ("file://evil/share", "file[:]//evil/share"),
        ("见smb://10.0.0.1/x", "见smb[:]//10.0.0.1/x"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("mailto:a", "mailto[:]a"),
        ("\\\\evil\\share", "\\[\\]evil\\share"),
        ("上www.例子.com看", "上www[.]例子[.]com看"),
        ("metadata: 三", "metadata: 三"),
        ("https://evil.example/x", "hxxps://evil[.]example/x"),
    ],
)
def test_no_program_makes_a_link_of_what_is_quoted(text, cold):
    assert defang(text) == cold
    assert defang(cold) == cold


@pytest.mark.parametrize(("text", "shown"), [("a" * 1_000_000, "aaaa…"), ("\u200b" * 9_999, "…")])
def test_of_a_megabyte_only_the_beginning_is_looked_at(text, shown):
    assert excerpt(text, 5) == shown
