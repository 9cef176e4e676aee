"""delivery/render.py: the alert mail says what is the case, and hostile text stays text."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery import render
from delivery.render import render_alert, render_test
from domain.alert import AlertContext, CoverageNote, MailStage
from domain.brand import Level, LevelClocks, Sensitivity
from domain.mention import Platform
from domain.outbox import Rendered
from domain.signal import Figures, Rule, Signal, SignalState
from tests.fixtures.signals import (
    CRISIS_HOURS,
    DATA_UNTIL,
    OPENED,
    a_closed_signal,
    a_context,
    a_growing_signal,
    a_post,
    a_recipient,
    a_signal,
    last_hours,
)

HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}'
    "\r\nBcc: everybody@example.com\u2028\u202e https://evil.example/login"
)


def the_mail(
    signal: Signal | None = None,
    stage: MailStage = MailStage.OPENING,
    context: AlertContext | None = None,
    language: str = "zh",
) -> Rendered:
    return render_alert(
        signal or a_signal(), stage, context or a_context(), a_recipient(), language
    )


class Look(HTMLParser):
    """What a browser would find: tags, addresses, handlers, and the words outside <style>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self._quiet = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._quiet = tag in {"style", "title"}

    def handle_endtag(self, tag):
        self._quiet = False

    def handle_data(self, data):
        if not self._quiet:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def links(self) -> list[str]:
        return [value for _, name, value in self.attributes if name == "href"]


def test_the_subject_says_level_brand_multiple_place_topic_and_id():
    assert the_mail().subject == (
        "【橙色预警】云栈茶饮负面升至基线 6.2 倍|微博「异物 腹泻」|A-20261121-03"
    )


def test_the_opening_mail_says_what_happened_and_what_to_do_by_when():
    for part in (the_mail().text, Look(the_mail().html).text):
        assert "最近 1 小时 47 条，平时约 7.6 条，为 12 天来最高；占同期声量 81%。" in part
        assert "首发 @王** 02:12" in part
        assert "02:46 前由一人点「确认收到」认领（15 分钟内）" in part
        assert "06:31 前首次回应，或书面决定暂不回应（4 小时内）" in part
        assert "事实未核实前，不对外回应" in part
        assert "平时 7.6，常见 2.8–12.4" in part
        assert "39" in part
        assert "1,204" in part
        assert "微博 45 · 知乎 2 · 贴吧 未能采集" in part
        assert "贴吧要求登录" in part
        assert "koubei login tieba" in part
        assert "异物 31 · 腹泻 22" in part
        assert "数据截至 2026-11-21 02:30，采集延迟 4 分钟" in part
        assert "snownlp-0.12.3" in part
        assert "负面突增（灵敏度：均衡），高出平时 16.4 个标准差，触发线 5" in part
        assert "值班长：您登记接收「全部品牌」的蓝色预警及以上级别" in part


def test_both_parts_hold_the_same_three_posts():
    mail = the_mail()
    for part in (mail.text, Look(mail.html).text):
        for post in a_signal().top_posts:
            assert post.excerpt in part
    assert all(post.url in mail.text for post in a_signal().top_posts)
    assert {post.url for post in a_signal().top_posts} <= set(Look(mail.html).links())


def test_the_link_opens_the_alert_and_says_that_it_changes_nothing():
    links = [link for link in Look(the_mail().html).links() if "koubei.example" in link]
    page = "https://koubei.example/alerts?id=A-20261121-03"
    acts = ("case", "ack", "false-alarm", "silence")
    assert links == [f"{page}&do={act}" for act in acts]
    assert links[0] in the_mail().text
    assert "打开链接不改变任何状态" in the_mail().text


def test_without_a_public_url_the_mail_says_so_and_has_no_links_of_ours():
    mail = the_mail(context=a_context(public_url=""))
    for part in (mail.text, Look(mail.html).text):
        assert "public_url" in part
        assert "koubei explain A-20261121-03" in part
    assert not [link for link in Look(mail.html).links() if "alerts" in link]


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("stage", list(MailStage))
def test_every_stage_level_and_language_renders_whole(stage, level, language):
    mail = the_mail(a_signal(level=level), stage, language=language)
    assert len(mail.subject) <= 78
    assert mail.subject.endswith("|A-20261121-03")
    assert "None" not in mail.text + Look(mail.html).text


def test_english_mail_has_no_chinese_of_ours():
    signal = a_signal(top_posts=(), first_post=None, terms=(), id="A-20261121-03", onset_at=OPENED)
    context = a_context(brand_name="Yunzhan", watch_names=("main",), similar=())
    recipient = a_recipient(name="Duty")
    for stage in MailStage:
        mail = render_alert(signal, stage, context, recipient, "en")
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", mail.subject + mail.text)
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", Look(mail.html).text)


def test_an_update_says_how_it_grew_and_what_is_overdue():
    context = a_context(told_observed=47, told_platforms=a_signal().platforms)
    mail = the_mail(a_growing_signal(), MailStage.UPDATE, context)
    assert mail.subject.startswith(
        "【红色预警·更新】云栈茶饮负面由 47 增至 103 条/小时，扩散到贴吧"
    )
    assert "立即由一人点「确认收到」认领（时限 02:46 已过）" in mail.text


def test_an_update_that_knows_no_earlier_mail_tells_the_multiple():
    mail = the_mail(a_growing_signal(), MailStage.UPDATE)
    assert mail.subject.startswith("【红色预警·更新】云栈茶饮负面升至基线 14 倍")


def test_an_acknowledged_alert_does_not_ask_to_be_acknowledged():
    signal = replace(a_growing_signal(), state=SignalState.ACKNOWLEDGED)
    mail = the_mail(signal, MailStage.UPDATE)
    assert "认领" not in mail.text


def test_the_closing_mail_says_peak_and_span_and_that_the_matter_may_go_on():
    mail = the_mail(a_closed_signal(), MailStage.CLOSING)
    assert mail.subject.startswith("【解除】云栈茶饮负面已回落，峰值 103 条/小时")
    assert "历时 19 小时" in mail.text
    assert "低于峰值三分之一已满 6 小时" in mail.text
    assert "不表示事件已处理完" in mail.text
    assert "来最高" not in mail.text
    assert "您收到过此预警的首封邮件" in mail.text


def test_clocks_that_the_policy_does_not_set_are_never_invented():
    mail = the_mail(context=a_context(clocks=LevelClocks()))
    assert mail.text.count("制度未填写，请先设置") == 2
    assert "02:46" not in mail.text


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (Figures(observed=24, total=30), "1 小时负面 24 条（基线学习中）"),
        (Figures(observed=24, total=30, mean=0.0, spread=0.0), "24 条（平时几乎没有）"),
        (Figures(observed=24, total=30, mean=0.04, spread=0.2), "24 条（平时几乎没有）"),
        (Figures(observed=24, total=30, mean=8.0, spread=2.0), "负面升至基线 3 倍"),
    ],
)
def test_a_multiple_is_told_only_where_there_is_something_to_multiply(figures, said):
    mail = the_mail(a_signal(figures=figures))
    assert said in mail.subject
    assert said in mail.text


def test_what_is_not_known_is_said_to_be_unknown():
    signal = a_signal(
        figures=Figures(observed=24, total=30),
        rule=Rule.FIRST_DAY_ABSOLUTE,
        first_post=None,
        top_posts=(),
        terms=(),
        platform_counts={},
    )
    mail = the_mail(signal, context=a_context(hours=(), lag=None, model_id=""))
    assert "独立作者：未知" in mail.text
    assert "负面占比：未知" in mail.text
    assert "采集延迟未知" in mail.text
    assert "贴吧 未能采集" in mail.text


def test_the_highest_ever_is_told_by_the_length_of_the_record():
    facts = replace(a_signal().figures, record_days=20.5, history_days=20.5)
    assert "为有记录的 20 天来最高" in the_mail(a_signal(figures=facts)).text


def test_a_wave_of_one_text_is_called_that():
    facts = replace(a_signal().figures, near_copy_share=0.78)
    assert "78% 是同一文本" in the_mail(a_signal(figures=facts, one_text_wave=True)).text


def test_hours_that_were_not_read_are_gaps_and_not_zeros():
    mail = the_mail()
    assert mail.text.count("? 未完整采集") == 2
    assert "2 个小时未完整采集，画作「?」，不代表 0 条" in mail.text
    assert "2 个小时未完整采集" in Look(mail.html).text
    assert Look(mail.html).text.count("?") >= 2
    whole = a_context(hours=last_hours(DATA_UNTIL, (3,) * 24))
    assert "未完整采集" not in the_mail(context=whole).text


def test_an_hour_with_none_is_a_zero_and_not_a_gap():
    assert "\n00时 0\n" in the_mail().text


def test_the_text_chart_has_a_line_an_hour_and_marks_the_onset_once():
    lines = re.findall(r"^\d\d时 .*$", the_mail().text, re.MULTILINE)
    assert len(lines) == len(CRISIS_HOURS)
    assert [line for line in lines if "开始" in line] == [lines[-1]]


def test_a_platform_that_was_partly_read_shows_a_lower_bound():
    note = CoverageNote("weibo-search", Platform.WEIBO, "partial", "result_ceiling")
    mail = the_mail(context=a_context(coverage=(note,)))
    assert "微博 ≥ 45（未采全）" in mail.text


def test_demo_data_are_called_that_in_both_parts():
    mail = the_mail(context=a_context(demo=True))
    assert "演示数据" in mail.text
    assert "演示数据" in Look(mail.html).text
    assert "演示数据" not in the_mail().text


@pytest.mark.parametrize("sensitivity", list(Sensitivity))
def test_the_sensitivity_is_told_in_its_word(sensitivity):
    assert "灵敏度：" in the_mail(context=a_context(sensitivity=sensitivity.value)).text


def test_the_mail_fetches_nothing_and_runs_nothing():
    look = Look(the_mail().html)
    assert not {"script", "link", "iframe", "object", "form", "svg"} & set(look.tags)
    asked = [a for a in look.attributes if a[1] in {"src", "background", "srcset"}]
    assert [a for a in asked if not str(a[2]).startswith("cid:")] == []
    assert "url(" not in the_mail().html
    assert "@import" not in the_mail().html


def hostile_signal(text: str) -> Signal:
    post = a_post(author=text, excerpt=text, url=text)
    return a_signal(first_post=post, top_posts=(post, post), terms=((text, 3),))


def hostile_context(text: str) -> AlertContext:
    return a_context(
        brand_name=text,
        watch_names=(text,),
        sensitivity=text,
        coverage=(CoverageNote(text, Platform.ZHIHU, text, text),),
        similar=(text,),
        model_id=text,
    )


def test_markup_in_crawled_text_stays_text_everywhere():
    clean = Look(the_mail().html)
    look = Look(render_alert(
        hostile_signal(HOSTILE), MailStage.OPENING, hostile_context(HOSTILE), a_recipient()
    ).html)  # fmt: skip
    assert set(look.tags) <= set(clean.tags)
    assert {name for _, name, _ in look.attributes} <= {name for _, name, _ in clean.attributes}
    assert "49" not in look.text
    assert all(link.startswith("https://koubei.example/") for link in look.links())


def test_crawled_text_cannot_add_lines_or_live_addresses():
    mail = render_alert(
        hostile_signal(HOSTILE), MailStage.OPENING, hostile_context(HOSTILE), a_recipient()
    )
    assert not [line for line in mail.text.splitlines() if line.startswith("Bcc")]
    assert mail.subject.splitlines() == [mail.subject]
    for part in (mail.subject, mail.text, mail.html):
        assert "https://evil" not in part
        assert "evil.example" not in part
        assert "\u202e" not in part


@given(st.text(st.characters(codec=None), max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_crawled_text_renders_to_a_whole_mail(text):
    mail = render_alert(
        hostile_signal(text), MailStage.OPENING, hostile_context(text), a_recipient(name=text)
    )
    assert len(mail.subject) <= 78
    assert mail.subject.endswith("|A-20261121-03")
    assert (mail.subject + mail.text + mail.html).encode()
    assert set(Look(mail.html).tags) <= set(Look(the_mail().html).tags)


def test_a_link_that_is_not_plain_is_left_out_and_the_post_stays():
    mail = the_mail(a_signal(top_posts=(a_post(url="javascript:alert(1)"),)))
    assert "javascript" not in mail.html + mail.text
    assert a_post().excerpt in mail.text


def test_a_link_shows_its_host_so_that_a_false_one_is_seen():
    mail = the_mail(a_signal(top_posts=(a_post(url="https://weibo.com.evil.example/1"),)))
    assert "weibo.com.evil.example" in Look(mail.html).text


def test_full_names_are_masked_again_should_one_slip_through():
    assert "王小明" not in the_mail(a_signal(top_posts=(a_post(author="王小明"),))).html


def test_long_posts_are_cut():
    mail = the_mail(a_signal(top_posts=(a_post(excerpt="长" * 500),)))
    assert "长" * 79 + "…" in mail.text
    assert "长" * 80 not in mail.text


def test_a_long_brand_cannot_push_the_id_out_of_the_subject():
    for stage in MailStage:
        mail = the_mail(
            a_signal(terms=(("很长的热词很长的热词", 3),) * 4),
            stage,
            a_context(brand_name="名" * 200),
        )
        assert len(mail.subject) <= 78
        assert mail.subject.endswith("|A-20261121-03")


def test_the_same_facts_give_the_same_mail():
    assert the_mail() == the_mail()


def test_times_follow_the_zone_that_is_passed():
    mail = the_mail(context=a_context(zone_name="UTC"))
    assert "18:46 前由一人点「确认收到」认领" in mail.text
    assert "UTC+0" in mail.text


def test_a_deadline_on_another_day_names_the_day():
    clocks = LevelClocks(timedelta(hours=4), timedelta(hours=48))
    assert "11-23 02:31 前首次回应" in the_mail(context=a_context(clocks=clocks)).text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_test_mail_names_the_machine_and_escapes_it(language):
    mail = render_test("host<b>", language)
    assert "host<b>" in mail.text
    assert "host&lt;b&gt;" in mail.html


def test_an_hour_that_was_not_fully_read_is_told_as_at_least():
    signal = a_signal()
    seen = replace(signal, figures=replace(signal.figures, lower_bound=True))

    mail = the_mail(seen)

    assert mail.subject.startswith("【橙色预警】云栈茶饮负面升至基线 ≥ 6.2 倍|")
    for part in (mail.text, Look(mail.html).text):
        assert "最近 1 小时 ≥ 47 条（该小时未采全，实际只多不少）" in part
    assert "- 负面 / 小时：≥ 47（" in mail.text
    assert "≥ 47 in the last hour (not fully read" in the_mail(seen, language="en").text
    assert "≥ 47" not in the_mail(signal).text


def test_growth_tells_that_the_level_rose():
    told = a_context(told_observed=47, told_level=Level.ORANGE)
    same = a_context(told_observed=47, told_level=Level.RED)
    line = "云栈茶饮：负面由 47 增至 103 条/小时，级别由橙色预警升为红色预警"

    assert line in the_mail(a_growing_signal(), MailStage.UPDATE, told).text
    assert "级别由" not in the_mail(a_growing_signal(), MailStage.UPDATE, same).text
    english = the_mail(a_growing_signal(), MailStage.UPDATE, told, language="en").text
    assert "raised from orange alert to red alert" in english


def test_only_platforms_with_a_new_spike_of_their_own_are_called_a_spread():
    signal = replace(
        a_growing_signal(), alerted_platforms=(Platform.WEIBO, Platform.ZHIHU), epoch=3
    )
    context = a_context(told_observed=60, told_platforms=(Platform.WEIBO,))

    assert "扩散到知乎|" in the_mail(signal, MailStage.UPDATE, context).subject


class TestReminders:
    """Nobody has taken it: who was told, who is called now."""

    context = a_context(
        step=2,
        on_duty=("波", "安娜"),
        told_before=(("安娜", OPENED), ("波", OPENED + timedelta(minutes=15))),
        written_at=OPENED + timedelta(minutes=30),
        hours=(),
    )

    def test_it_says_who_was_told_and_who_is_called(self):
        mail = the_mail(stage=MailStage.REMINDER, context=self.context)
        assert mail.subject.startswith("【橙色预警·第 2 次提醒】云栈茶饮")
        for part in (mail.text, Look(mail.html).text):
            assert "到 03:01 无人认领。已通知：安娜（02:31）、波（02:46）。现在请 波 认领。" in part
            assert "近 24 小时每小时负面" not in part, "no chart without hours"
        assert "立即由一人点「确认收到」认领（时限 02:46 已过）" in mail.text

    def test_the_first_one_to_the_person_on_duty_reads_like_an_opening(self):
        first = replace(self.context, step=0, told_before=())
        mail = the_mail(stage=MailStage.REMINDER, context=first)
        assert mail.subject.startswith("【橙色预警】")
        assert "无人认领" not in mail.text

    def test_in_english_too(self):
        mail = the_mail(stage=MailStage.REMINDER, context=self.context, language="en")
        assert "Nobody has taken it by 03:01." in mail.text
        assert "please take it now" in mail.text


class TestRobots:
    """A few lines for a group: subject, sentence, numbers, link, below 2 KB."""

    def brief(self, signal=None, stage=MailStage.OPENING, context=None, language="zh"):
        robot = a_recipient(address="wecom:duty-room")
        return render_alert(signal or a_signal(), stage, context or a_context(), robot, language)

    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize("stage", list(MailStage))
    def test_it_is_short_plain_and_has_its_link(self, language, stage):
        signal = a_closed_signal() if stage is MailStage.CLOSING else a_growing_signal()
        mail = self.brief(signal, stage, TestReminders.context, language)
        assert len((mail.subject + mail.text).encode()) < 2048
        assert mail.text.rstrip().splitlines()[-1] == (
            "https://koubei.example/alerts?id=A-20261121-03"
        )
        assert mail.html == ""

    def test_it_has_the_numbers(self):
        text = self.brief().text
        assert "负面 / 小时 47" in text
        assert "独立作者 39" in text
        assert "微博 45 · 知乎 2 · 贴吧 未能采集" in text
        assert "请于 02:46 前认领" in text

    def test_hostile_text_stays_text(self):
        post = a_post(excerpt=HOSTILE, author=HOSTILE)
        signal = a_signal(first_post=post, terms=((HOSTILE, 9),))
        mail = self.brief(signal, context=a_context(brand_name=HOSTILE))
        assert "evil.example" not in mail.text.replace("evil[.]example", "")
        assert len(mail.text.encode()) < 2048
        assert "\u202e" not in mail.text


class TestActions:
    """Links to the page that asks; none that acts."""

    def labels(self, **changes):
        text = the_mail(a_signal(**changes)).text
        words = ("查看并建单", "确认收到：", "标为误报", "静默 2 小时", "查看预警")
        return [label for label in words if label in text]

    def test_a_new_signal_offers_all_four(self):
        assert self.labels() == ["查看并建单", "确认收到：", "标为误报", "静默 2 小时"]

    def test_red_cannot_be_silenced(self):
        assert "静默 2 小时" not in self.labels(level=Level.RED)

    def test_what_is_taken_is_not_to_be_taken_again(self):
        assert "确认收到：" not in self.labels(state=SignalState.ACKNOWLEDGED)

    def test_what_a_case_carries_is_only_looked_at(self):
        assert self.labels(case_id="C-1", state=SignalState.ACKNOWLEDGED) == ["查看预警"]


def test_one_raised_by_hand_says_who_and_why_and_counts_nothing():
    signal = a_signal(rule=Rule.HAND_RAISED, terms=(), figures=Figures(1, 1))
    context = a_context(raised_by="王小明", note="大V 转发，评论在涨", hours=())
    mail = the_mail(signal, context=context)
    assert "云栈茶饮：人工预警" in mail.text
    assert "王小明于 02:31 人工发出预警：大V 转发，评论在涨。" in mail.text
    assert "负面 / 小时" not in mail.text


def test_quiet_hours_move_the_deadline_of_a_mail_that_waits():
    morning = OPENED + timedelta(hours=5, minutes=29)
    signal = a_signal(level=Level.YELLOW)
    context = a_context(
        waits_until=morning, clocks=LevelClocks(timedelta(hours=1), timedelta(hours=24))
    )
    assert "09:00 前由一人点「确认收到」认领" in the_mail(signal, context=context).text


def test_the_picture_says_in_words_what_it_shows_and_the_mail_is_whole_without(monkeypatch):
    def rendered():
        return render_alert(a_signal(), MailStage.OPENING, a_context(), a_recipient())

    with_picture = rendered()
    monkeypatch.setattr(render, "can_draw", lambda: False)
    without = rendered()
    assert without.images == ()
    assert "<img" not in without.html
    assert with_picture.text == without.text
    if with_picture.images:
        ((name, picture),) = with_picture.images
        assert f"cid:{name}" in with_picture.html
        assert picture.startswith(b"\x89PNG")
        assert "2 个小时未完整采集" in with_picture.html.partition("cid:")[2]
