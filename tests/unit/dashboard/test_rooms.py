"""采集, 方案, 竞品, 传播, 报告 and 设置 as a person sees them."""

from datetime import timedelta

import pytest

from domain.dead_letter import DeadLetter
from domain.errors import NotPermitted, Text
from domain.mention import Platform
from domain.session import PlatformSession
from domain.spool import WaitingLook
from tests.dashboard_house import NOW
from tests.fakes import a_mention
from tests.fixtures.away import FickleStore
from tests.unit.dashboard.conftest import words_of
from workflow.watches import edit_configuration, with_source_enabled

ROOMS = ("crawl", "queries", "compare", "spread", "reports", "settings")


def labels(seen, kind="button"):
    return {each.label for each in seen.get(kind)}


@pytest.mark.parametrize("place", ROOMS)
def test_every_room_opens_and_is_told_to_the_ethics_role_only_as_far_as_it_may(
    furnished, visit, place
):
    seen = visit(furnished, place)
    assert not seen.exception
    assert words_of(seen)
    if place != "settings":
        assert "您的角色看不到这一页" in words_of(visit(furnished, place, login="wu"))


@pytest.mark.parametrize("place", ROOMS)
def test_an_empty_house_says_what_to_do(bare, visit, place):
    seen = visit(bare, place)
    assert not seen.exception
    if place != "settings":
        assert "kb-empty" in words_of(seen)


@pytest.mark.parametrize("place", ROOMS)
def test_nonsense_in_the_address_is_no_error(furnished, visit, place):
    seen = visit(furnished, place, range="x", brand="; drop", part="?", id="<b>", watch="'--")
    assert not seen.exception


class TestCrawl:
    def test_gaps_are_told_with_their_reason_and_what_helps(self, furnished, visit):
        said = words_of(visit(furnished, "crawl"))
        assert "kb-hour-blocked" in said or "kb-hour-failed" in said
        assert "采全" in said

    def test_what_is_wrong_comes_first_and_whole_and_what_is_well_is_a_line(self, furnished, visit):
        """In the house the reader of tieba-search lost a field; all the others are well."""
        seen = visit(furnished, "crawl")
        parts = [str(part.proto.body) for part in seen.get("html")]
        sources = [part for part in parts if 'class="kb-strip"' in part]
        first, *others = sources
        assert "tieba-search" in first
        assert "字段读不到" in first
        assert first.index("监测失明") < first.index("<details>")
        assert "异常 1" in words_of(seen)
        assert f"正常 {len(others)}" in words_of(seen)
        for line in others:
            assert line.startswith('<details class="kb-well"><summary>'), line[:80]
            shown, _, folded = line.partition("</summary>")
            assert "采全" in shown
            for detail in ("采集影响评估", "本次读到", "个字段"):
                assert detail in folded
                assert detail not in shown

    def test_logins_are_told_with_their_age_and_the_one_step(self, furnished, visit):
        day = timedelta(days=1)
        weibo = PlatformSession(Platform.WEIBO, "lin", NOW - 12 * day, NOW + 20 * day)
        zhihu = PlatformSession(Platform.ZHIHU, "chen", NOW - 40 * day, NOW + 2 * day)
        with furnished.begin_work() as work:
            work.sessions.put(weibo, b"sealed")
            work.sessions.put(zhihu, b"sealed")
            work.commit()
        said = words_of(visit(furnished, "crawl"))
        for words in ("林澜 · ", "已用 12 天", "未登录·以访客读取", "koubei login tieba"):
            assert words in said
        assert "请陈栖在运行口碑的机器上执行 koubei login zhihu" in said
        assert "koubei login weibo" not in said
        with furnished.begin_work() as work:
            work.sessions.end(Platform.ZHIHU, 1, at=NOW - day, reason="login_wall")
            work.commit()
        said = words_of(visit(furnished, "crawl"))
        assert "已失效" in said
        assert "知乎要求登录" in said

    def test_who_may_not_change_the_watches_sees_no_buttons(self, furnished, visit):
        assert "立即采集" in labels(visit(furnished, "crawl"))
        assert "立即采集" not in labels(visit(furnished, "crawl", login="zhou"))

    def test_a_look_can_be_asked_for_once(self, furnished, visit):
        seen = visit(furnished, "crawl")
        first = next(each for each in seen.button if each.label == "立即采集")
        first.click().run()
        assert not seen.exception
        with furnished.begin_reading() as work:
            [job] = [slot.job for slot in work.slots.latest() if slot.job.startswith("crawl:")]
            assert work.audit.of(job)[-1].action == "crawl.asked"


class TestWaiting:
    @pytest.fixture
    def fickle(self, furnished, monkeypatch):
        """The house with something in a spool, a dead letter, and a store that can be away."""
        since = NOW - timedelta(minutes=18)
        letter = DeadLetter(
            a_mention("31", text="<b>粗</b>**体**"), Text("字段不符", "f"), "r", since, since
        )
        with furnished.begin_work() as work:
            work.spooled.add(WaitingLook("l1", "crawler-2", "r", "", "w", since, since, 9))
            work.dead_letters.put([letter])
            work.commit()
        store = FickleStore(furnished.store)
        monkeypatch.setattr(furnished, "store", store)
        yield store
        with furnished.begin_work() as work:
            work.spooled.lose(["l1"])
            work.dead_letters.remove(["weibo:31"])
            work.commit()

    def test_an_outage_is_said_calmly_with_what_helps(self, furnished, fickle, visit):
        fickle.away = True
        seen = visit(furnished, "crawl")
        assert not seen.exception
        said = words_of(seen)
        assert "内容库不可达，1 次抓取结果暂存在采集机本地，恢复后自动补入；最早 16:22" in said
        assert "koubei doctor" in said
        assert "采全" in said, "what the sources did is known all the same"

    def test_the_first_page_says_it_cannot_tell_and_never_calm(self, furnished, fickle, visit):
        fickle.away = True
        seen = visit(furnished)
        assert not seen.exception
        said = words_of(seen)
        assert "内容库不可达，暂时看不到内容" in said
        assert "16:22 起 1 次抓取结果未能入库" in said
        assert "平稳" not in said

    def test_a_letter_is_tried_again_by_who_may(self, furnished, fickle, visit):
        seen = visit(furnished, "crawl")
        assert "&lt;b&gt;粗&lt;/b&gt;" in words_of(seen)
        next(each for each in seen.button if each.label == "重试").click().run()
        assert not seen.exception
        assert "内容库拒收" not in words_of(seen)
        assert set(fickle.real.get(["weibo:31"])) == {"weibo:31"}
        fickle.real.remove(["weibo:31"])

    def test_who_may_not_sees_the_letters_and_no_buttons(self, furnished, fickle, visit):
        seen = visit(furnished, "crawl", login="zhou")
        assert "内容库拒收" in words_of(seen)
        assert not {"重试", "丢弃", "全部重试"} & labels(seen)

    def test_trying_again_while_it_is_away_keeps_the_letter_and_says_why(
        self, furnished, fickle, visit
    ):
        seen = visit(furnished, "crawl")
        fickle.away = True
        next(each for each in seen.button if each.label == "重试").click().run()
        assert not seen.exception
        assert "内容还在，没有丢失" in words_of(seen)


class TestWatches:
    def test_a_rule_is_tried_before_it_is_saved(self, furnished, visit):
        seen = visit(furnished, "queries", watch="yunzhan-koubei")
        next(each for each in seen.button if each.label == "试算近 7 天").click().run()
        assert not seen.exception
        assert "会命中" in words_of(seen)

    def test_a_proximity_that_cannot_be_read_is_refused_in_place(self, furnished, visit):
        seen = visit(furnished, "queries", watch="yunzhan-koubei")
        near = next(each for each in seen.text_area if each.label.startswith("同现距离"))
        near.set_value("云栈 变质").run()
        assert "同现距离写成" in words_of(seen)
        assert "保存" not in labels(seen)

    def test_what_is_followed_is_typed_as_an_address_or_refused_in_place(self, furnished, visit):
        seen = visit(furnished, "queries", watch="yunzhan-koubei")
        area = next(each for each in seen.text_area if each.label.startswith("关注页面"))
        assert area.value.splitlines()[-1] == "tieba:forum:云栈"
        area.set_value("https://weibo.com/n/云栈").run()
        assert "微博账号需要数字编号" in words_of(seen)
        assert "保存" not in labels(seen)
        area.set_value(area.value.replace("https://weibo.com/n/云栈", "zhihu:question:123")).run()
        next(each for each in seen.button if each.label == "保存").click().run()
        said = words_of(seen)
        assert "无事可做" in said  # the sources of an account and of a forum
        more = "https://weibo.com/u/1234567890\nzhihu:question:123\ntieba:forum:云栈"
        area = next(each for each in seen.text_area if each.label.startswith("关注页面"))
        area.set_value(more).run()
        next(each for each in seen.button if each.label == "保存").click().run()
        with furnished.begin_reading() as work:
            _, after = work.configuration.current()
        keys = [follow.key for follow in after.watches[0].follows]
        assert keys == ["1234567890", "123", "云栈"]

    def test_a_source_that_only_adds_depth_says_so(self, furnished, visit):
        said = words_of(visit(furnished, "crawl"))
        assert said.count("不计入覆盖") == 6  # three followed pages, posts read again on three
        assert "贴吧关注吧" in said

    def test_saving_makes_a_version_that_can_be_taken_back(self, furnished, visit):
        with furnished.begin_reading() as work:
            version, before = work.configuration.current()
        seen = visit(furnished, "queries", watch="yunzhan-koubei")
        name = next(each for each in seen.text_input if each.label == "名称")
        name.set_value("云栈全网").run()
        next(each for each in seen.button if each.label == "保存").click().run()
        with furnished.begin_reading() as work:
            saved, after = work.configuration.current()
            newest = work.configuration.history()[0]
        assert saved == version + 1
        assert after.watches[0].name == "云栈全网"
        assert newest[2] == "account:lin"
        seen = visit(furnished, "queries")
        next(each for each in seen.button if each.label.startswith(f"恢复第 {version} 版")).click()
        seen.run()
        with furnished.begin_reading() as work:
            assert work.configuration.current()[1] == before


class TestCompareAndSpread:
    def test_a_brand_that_nobody_watches_is_said_to_be_too_low(self, furnished, visit):
        said = words_of(visit(furnished, "compare"))
        assert "云栈 占" in said
        assert "偏低" in said

    def test_the_first_post_is_there_and_what_pages_do_not_name_is_said(self, furnished, visit):
        said = words_of(visit(furnished, "spread"))
        assert "最早的几条" in said
        assert "没有写明谁转发了谁" in said
        assert "<script" not in said

    def test_only_negatives_when_asked(self, furnished, visit):
        everything = words_of(visit(furnished, "spread"))
        negative = words_of(visit(furnished, "spread", negative="1"))
        assert not visit(furnished, "spread", negative="1").exception
        assert everything != negative


class TestReports:
    def test_a_draft_is_made_completed_by_one_and_reviewed_by_another(self, furnished, visit):
        seen = visit(furnished, "reports")
        next(each for each in seen.button if each.label == "生成草稿").click().run()
        assert not seen.exception
        with furnished.begin_reading() as work:
            [report] = work.reports.recent()
        seen = visit(furnished, "reports", id=report.id)
        area = next(each for each in seen.text_area if each.label == "研判")
        area.set_value("下周中秋档期，关注门店卫生。").run()
        next(each for each in seen.button if each.label == "保存").click().run()
        seen = visit(furnished, "reports", id=report.id)
        next(each for each in seen.button if each.label == "审核通过").click().run()
        assert "不能自己审核" in words_of(seen)
        seen = visit(furnished, "reports", login="zhou", id=report.id)
        next(each for each in seen.button if each.label == "审核通过").click().run()
        with furnished.begin_reading() as work:
            assert work.reports.get(report.id).state.value == "reviewed"


class TestSettings:
    @pytest.mark.parametrize(
        "part",
        ["me", "people", "rules", "sources", "model", "notices", "mails", "audit", "health", "all"],
    )
    def test_each_part_opens(self, furnished, visit, part):
        assert not visit(furnished, "settings", part=part).exception

    def test_a_reader_sees_no_people_no_trail_and_no_whole_configuration(self, furnished, visit):
        seen = visit(furnished, "settings", login="chen", part="people")
        assert "邀请" not in labels(seen)
        assert "一次性链接" not in words_of(seen)

    def test_an_invitation_shows_its_link_once(self, furnished, visit):
        seen = visit(furnished, "settings", part="people")
        for label, value in (("姓名", "黎川"), ("登录名", "lichuan")):
            next(each for each in seen.text_input if each.label == label).set_value(value)
        next(each for each in seen.button if each.label == "邀请").click().run()
        assert not seen.exception
        assert any("ticket=" in each.value for each in seen.code)
        seen.run()
        assert not any("ticket=" in each.value for each in seen.code)

    def test_a_configuration_that_cannot_be_read_is_refused_with_its_line(self, furnished, visit):
        seen = visit(furnished, "settings", part="all")
        area = next(each for each in seen.text_area if each.label == "配置（TOML）")
        area.set_value(area.value.replace('every = "5m"', 'every = "now"', 1)).run()
        assert "不能保存" in words_of(seen)
        assert "保存" not in labels(seen)

    def test_the_trail_is_whole_and_says_so(self, furnished, visit):
        seen = visit(furnished, "settings", part="audit")
        next(each for each in seen.button if each.label == "校验").click().run()
        assert "逐条相连" in words_of(seen)


def test_a_page_cannot_do_what_its_reader_may_not(furnished):
    with furnished.begin_reading() as work:
        version, configuration = work.configuration.current()
    changed = with_source_enabled(configuration, configuration.sources[0].id, enabled=False)
    with pytest.raises(NotPermitted):
        edit_configuration(
            furnished.begin_work,
            "chen",
            changed,
            expected_version=version,
            at=furnished.clock.now(),
        )
