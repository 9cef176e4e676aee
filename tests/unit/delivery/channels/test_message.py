"""delivery/channels/message.py: bytes are counted, signs stay whole, the link stays."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.message import cut, message_of
from domain.outbox import OutboxMail, Rendered
from tests.fakes import NOON

LINK = "https://koubei.example/alerts?id=A-20261121-03"


def a_mail(subject="【橙】", text=f"说明\n{LINK}\n", **changes):
    return replace(OutboxMail("k", "wecom:r", Rendered(subject, text, ""), NOON, NOON), **changes)


@given(st.text(max_size=400), st.integers(8, 300))
def test_what_is_cut_fits_and_is_whole(text, limit):
    clean = text.encode("utf-8", "replace").decode()
    short = cut(clean, limit)
    assert len(short.encode()) <= limit
    if len(clean.encode()) <= limit:
        assert short == clean


@given(st.text(alphabet="茶😀a\n", min_size=300, max_size=900))
def test_the_link_outlives_the_cut(text):
    short = cut(f"{text}\n{LINK}", 400)
    assert short.endswith(LINK)
    assert "�" not in short
    assert len(short.encode()) <= 400


def test_a_possible_double_says_so_and_a_missing_keyword_is_put_in_front():
    assert message_of(a_mail(may_repeat=True), 2048).startswith("（可能重复")
    assert message_of(a_mail(), 2048, keyword="口碑").startswith("口碑 【橙】")
    assert message_of(a_mail("口碑：橙"), 2048, keyword="口碑").startswith("口碑：橙")


def test_nobody_is_called_by_what_the_public_wrote():
    told = message_of(a_mail('<at user_id="all">x</at> <@all>'), 2048)
    assert "<" not in told
