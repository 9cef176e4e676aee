"""What belongs to people goes, what readers read stays; whatever the strings are."""

import ast
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers import pages
from crawlers.captures.fixture import leaks
from crawlers.captures.inventing import Inventor
from crawlers.captures.keys import Around, is_id, is_name, is_secret, is_time, spelled
from crawlers.captures.scrubbing import Identities, Scrubber, Taken
from crawlers.captures.words import ALONE, INTERFACE
from domain.counts import read_count
from domain.times import read_time
from domain.weibo_ids import bid_of, mid_of, time_of
from tests.fakes import NOON

KEY = b"a key for tests"


def a_scrubber(*names: str, ids: tuple[str, ...] = (), **options: object) -> Scrubber:
    who = Identities(Inventor(KEY))
    for name in names:
        who.name(name)
    for one in ids:
        who.identifier(one)
    return Scrubber(who, **options)


def scrub_json(value: object, **options: object) -> object:
    who = Identities(Inventor(KEY))
    who.collect(value)
    made = Scrubber(who, **options).json_text(json.dumps(value))
    assert list(leaks(made.encode(), who)) == []
    return json.loads(made)


@pytest.mark.parametrize(
    "text",
    [
        "5分钟前",
        "今天12:30",
        "昨天 20:29",
        "04月25日 16:55",
        "2019年12月30日 04:55",
        "2024-8-6 22:11",
        "06-14",
        "刚刚",
        "1.2万",
        "100万+",
        "转发",
        "来自",
        "抱歉，未找到",
        "[doge]",
        "[允悲]",
        "赞[123456]",
        "第3楼",
        "广东",
        "Sat Aug 20 18:29:52 +0800 2022",
    ],
)
def test_times_counts_emoticons_and_the_words_of_the_interface_stay(text):
    made = a_scrubber().said(text)
    assert made == text
    assert read_time(made, fetched_at=NOON) == read_time(text, fetched_at=NOON)
    assert read_count(made) == read_count(text)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("店长王小明说的", "王小明"),
        ("打 13812345678 找他", "13812345678"),
        ("身份证 110101199001011234", "110101199001011234"),
        ("写信到 xiaoming.wang@qq.com 吧", "xiaoming"),
        ("加微信 wangxm_1990 聊", "wangxm"),
        ("看 https://weibo.com/1642591402/Kjc77D1jz 这条", "1642591402"),
        ("#某某话题# //@王小明:转", "王小明"),
    ],
)
def test_who_and_how_to_reach_them_goes(text, gone):
    made = a_scrubber("王小明", ids=("1642591402",)).said(text)
    assert gone not in made
    assert len(re.findall(r"[#@:/\s]", made)) >= len(re.findall(r"[#@:\s]", text))


def test_a_name_is_the_same_stranger_everywhere():
    scrubber = a_scrubber("王小明")
    stranger = scrubber.who.names["王小明"]
    link = "/n/%E7%8E%8B%E5%B0%8F%E6%98%8E"
    made = scrubber.markup(f'<a href="{link}" nick-name="王小明">@王小明</a>')
    assert made.count(stranger) == 2
    assert link not in made


def test_kept_texts_lose_names_and_contacts_all_the_same():
    scrubber = a_scrubber("王小明", keep_text=True)
    made = scrubber.said("排队两小时，店长王小明电话 13812345678")
    assert made.startswith("排队两小时，店长")
    assert "王小明" not in made
    assert "13812345678" not in made


def test_the_viewer_and_the_session_go():
    value = {
        "config": {"uid": 1234567890123456, "st": "abc123def456"},
        "currentUser": {"name": "看页面的人", "id": 99887766, "isLogin": True},
        "tbs": "f00dcafe1234567890",
        "_xsrf": "Zm9vYmFyMTIz",
        "data": {"likes": 12, "created_at": 1763600000, "text": "好喝"},
    }
    made = scrub_json(value)
    for secret in ("看页面的人", "99887766", "abc123def456", "f00dcafe1234567890", "Zm9vYmFyMTIz"):
        assert secret not in json.dumps(made, ensure_ascii=False)
    assert made["currentUser"]["isLogin"] is True
    assert (made["data"]["likes"], made["data"]["created_at"]) == (12, 1763600000)


def test_scripts_lose_who_looks_and_keep_their_names():
    script = "var $CONFIG = {}; $CONFIG['nick'] = '看的人'; $CONFIG['uid'] = '1642591402';"
    made = a_scrubber(ids=("1642591402",)).markup(f"<script>{script}</script>")
    assert "$CONFIG['nick']" in made
    assert "$CONFIG['uid']" in made
    assert "看的人" not in made
    assert "1642591402" not in made


def test_addresses_keep_their_host_and_their_parameters():
    scrubber = a_scrubber(ids=("5123456789012345",))
    made = scrubber.address(
        "https://m.weibo.cn/status/5123456789012345?luicode=10000011&token=ab12cd34"
    )
    assert made.startswith("https://m.weibo.cn/status/")
    assert "luicode=10000011" not in made or "luicode=" in made
    assert "5123456789012345" not in made
    assert "ab12cd34" not in made
    assert scrubber.counts[Taken.SECRET] == 1


def test_an_invented_weibo_id_tells_the_same_second_and_its_short_id_belongs_to_it():
    inventor, mid = Inventor(KEY), "5128867241823453"
    made = inventor.number(mid)
    assert made != mid
    assert time_of(made, now=NOON) == time_of(mid, now=NOON)
    assert mid_of(inventor.bid(bid_of(mid))) == made


def test_another_capture_invents_others():
    assert Inventor(b"one").name("王小明") != Inventor(b"two").name("王小明")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("screen_name", is_name),
        ("nick-name", is_name),
        ("showNickname", is_name),
        ("uid", is_id),
        ("mblogid", is_id),
        ("user_id", is_id),
        ("url_token", is_id),
        ("created_at", is_time),
        ("portrait_time", is_time),
        ("tbs", is_secret),
        ("access_token", is_secret),
    ],
)
def test_a_key_says_what_its_value_is(key, kind):
    spelt = spelled(key)
    assert kind(spelt, Around()) if kind is is_name else kind(spelt)


@pytest.mark.parametrize("key", ["attitudes_count", "url", "card_type", "reply_num", "width"])
def test_a_count_is_no_id(key):
    assert not is_id(spelled(key))


WORDS = st.text(
    alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60
)


@given(WORDS)
@settings(deadline=None)
def test_any_text_keeps_its_shape(text):
    made = a_scrubber().said(text)
    assert a_scrubber().said(text) == made
    if "@" not in text and "//" not in text:
        assert len(made) == len(text)
        assert [c.isspace() for c in made] == [c.isspace() for c in text]


@given(WORDS, st.text(alphabet="王小明李雷韩梅梅abcXYZ", min_size=3, max_size=8), WORDS)
@settings(deadline=None)
def test_no_name_stays_in_any_text(before, name, after):
    scrubber = a_scrubber(name)
    made = scrubber.said(f"{before} {name} {after}")
    if name not in before + after:
        assert name not in made


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "id", "user", "name", "created_at", "token", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
@settings(deadline=None)
def test_any_json_keeps_its_keys_and_types(value):
    made = scrub_json({"data": value})
    assert shape(made) == shape({"data": value})


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value)


@given(st.text(alphabet="<>/=\"' ab王&;!-{}[]:", max_size=80))
@settings(deadline=None)
def test_any_markup_keeps_its_tags(text):
    tags = re.compile(r"</?[ab][^>]*?(?=[\s>])")
    made = a_scrubber().markup(text)
    assert len(tags.findall(made)) == len(tags.findall(text)) or "<!--" in text or '"' in text


def test_what_readers_look_for_is_kept():
    """Every Chinese word in the readers' own source is one of the interface."""
    folder = Path(pages.__file__).parent
    looked_for: set[str] = set()
    for path in sorted(folder.glob("*.py")):
        if path.stem == "tieba_emoticons":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in told
            ):
                looked_for.update(re.findall(r"[\u4e00-\u9fff]+", node.value))
    assert looked_for - INTERFACE - ALONE == set()
