"""The words of the mail about a login: what is the matter, whose it is, the one step."""

from dataclasses import replace
from datetime import timedelta

import pytest

from delivery.letter import SUBJECT_LIMIT
from delivery.session_mail import render_session
from domain.mention import Platform
from domain.session import NewsKind, SessionNews
from tests.fakes import NOON

NEWS = SessionNews(
    NewsKind.ENDED,
    Platform.WEIBO,
    NOON,
    reason="login_wall",
    owner="林澜",
    expires_at=NOON + timedelta(days=2),
    zone_name="Asia/Shanghai",
    public_url="https://koubei.example",
)


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        (NewsKind.ENDED, "【采集】微博登录已失效", ("林澜", "微博要求登录")),
        (NewsKind.EXPIRING, "【采集】微博登录即将到期", ("林澜", "2026-11-22 12:00")),
        (NewsKind.WANTED, "【采集】微博要求登录", ("没有保存微博的登录",)),
    ],
)
def test_each_says_what_is_the_matter_and_the_one_step(kind, subject, said):
    mail = render_session(replace(NEWS, kind=kind))
    assert mail.subject == subject
    for words in (*said, "koubei login weibo", "--qr", "按访客读取" if said[0] == "林澜" else ""):
        assert words in mail.text
        assert words in mail.html
    assert "https://koubei.example/crawl" in mail.text


@pytest.mark.parametrize("kind", NewsKind)
@pytest.mark.parametrize("platform", Platform)
def test_every_one_is_there_in_english(kind, platform):
    mail = render_session(replace(NEWS, kind=kind, platform=platform, demo=True), "en")
    assert mail.subject.startswith("[Collecting] ")
    assert len(mail.subject) <= SUBJECT_LIMIT
    assert f"koubei login {platform.value}" in mail.text
    assert "DEMO DATA" in mail.text


def test_a_name_is_only_words():
    mail = render_session(replace(NEWS, owner="<script>\r\nBcc: x@example.org"))
    assert "<script" not in mail.html
    assert not {"\r", "\n"} & set(mail.subject)
