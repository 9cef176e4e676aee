"""The words of a lead's mail; what a reporter pasted is only words."""

from dataclasses import replace

import pytest

from delivery.lead_mail import render_lead
from delivery.letter import SUBJECT_LIMIT
from domain.lead import ImageKind, Lead, LeadNews, LeadState, Screenshot
from domain.links import Place
from tests.fakes import NOON

LEAD = Lead(
    id="L-20261120-01",
    state=LeadState.RECEIVED,
    reporter_id="li",
    reported_at=NOON,
    place=Place.WECHAT,
    url="https://mp.weixin.qq.com/s?__biz=A",
    note="朋友圈在传",
    screenshots=(Screenshot("a" * 64, ImageKind.PNG, 9, "b" * 64),),
)
NEWS = LeadNews(LEAD, "李店长", "云栈茶饮", "Asia/Shanghai", "https://koubei.example")


def test_the_desk_hears_who_saw_what_and_where():
    mail = render_lead(NEWS)
    assert mail.subject == "【线索】云栈茶饮 微信|L-20261120-01"
    for said in ("李店长", "微信", "朋友圈在传", "hxxps://mp[.]weixin[.]qq[.]com", "截图"):
        assert said in mail.text
        assert said in mail.html
    assert "https://koubei.example/lead?id=L-20261120-01" in mail.text


def test_the_mail_is_there_in_english():
    mail = render_lead(replace(NEWS, demo=True), "en")
    assert mail.subject == "[Lead] 云栈茶饮 WeChat|L-20261120-01"
    assert "DEMO DATA" in mail.text


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "a\r\nBcc: x@example.org", "\u202egnp.exe", "好" * 5000],
)
def test_what_was_pasted_is_only_words(hostile):
    lead = replace(LEAD, note=hostile, url=hostile)
    mail = render_lead(replace(NEWS, lead=lead, reporter=hostile, brand_name=hostile))
    assert "<script" not in mail.html
    assert "\u202e" not in mail.text + mail.html
    assert not {"\r", "\n"} & set(mail.subject)
    assert len(mail.subject) <= SUBJECT_LIMIT
    assert len(mail.text) < 12_000
