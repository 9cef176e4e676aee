"""What stands on a sheet, and what a trial says."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.assessment import Lapse, Rate, Standing
from domain.coverage import CoverageState
from domain.errors import Text
from domain.mention import Platform
from domain.surfaces import ALL_FIELDS
from domain.trial import Trial, TriedMention
from presentation.assessment_words import (
    FIELD_WORDS,
    effect_words,
    lines_of,
    markdown_of,
    standing_words,
)
from presentation.trial_words import field_rows, next_words, reason_of, verdict_words, why_words
from presentation.wording import REASON_CODES
from tests.fixtures.sheets import a_sheet, a_snapshot

ZONE = ZoneInfo("Asia/Shanghai")


def test_every_field_of_a_found_mention_has_a_word():
    assert set(FIELD_WORDS) == set(ALL_FIELDS)


def test_every_lapse_is_a_reason_of_the_ledger():
    assert {f"assessment_{lapse.value}" for lapse in Lapse} <= REASON_CODES


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(), "尚未签署"),
        (Standing(a_sheet()), "在评估下运行，有效期至 2027-05-19（林澜签署）"),
        (Standing(a_sheet(allows_disallowed=False)), "已签署，有效期至 2027-05-19（林澜签署）"),
        (Standing(a_sheet(), Lapse.EXPIRED), "已失效：已到期"),
    ],
)
def test_how_a_source_stands_is_one_sentence(standing, said):
    assert standing_words(standing, ZONE).zh == said


def test_the_effect_is_told_in_figures():
    said = effect_words(Rate(timedelta(minutes=15), timedelta(seconds=8), 2, 193, 400))
    for figure in ("193 次", "0.96 个", "8 秒", "400 次"):
        assert figure in said


def test_a_sheet_in_a_file_is_no_markup_of_others():
    sheet = a_sheet(
        purpose="看 | 表 | <b>粗</b>\n[链](javascript:x)", robots=a_snapshot("# 标题\n| x |\n")
    )
    said = markdown_of(sheet, ZONE)
    assert "看 \\| 表 \\| \\<b\\>粗\\</b\\> \\[链\\](javascript:x)" in said
    assert "\n    # 标题\n    | x |\n" in said
    assert sheet.robots.sha256 in said
    assert "180" not in said
    assert "2027" in said


def test_a_withdrawn_sheet_says_so():
    gone = a_sheet(withdrawn_at=a_sheet().signed_at, withdrawn_reason="平台来函")
    assert any(line.name == "撤回" and "平台来函" in line.value for line in lines_of(gone, ZONE))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "会入库"),
        ("none_words:云栈道", "含排除词「云栈道」"),
        ("all_words:退款", "缺少必含词「退款」"),
        ("any_words", "不含任何一个关键词"),
        ("proximity:云栈+变质/10", "不满足同现距离 云栈+变质/10"),
        ("unusable:没有发布时间", "不能入库：没有发布时间"),
        ("something_new", "不属于本方案（something_new）"),
    ],
)
def test_why_a_mention_is_not_taken_has_words(code, said):
    assert why_words(code).zh == said


def test_a_trial_shows_every_field_and_leaves_none_out():
    read = {"platform": "weibo", "likes": 0, "author_uid": True}
    at = {"published_at": "2026-11-20T07:50:00+00:00"}
    rows = field_rows(TriedMention({**read, **at}), ZONE)
    told = {name.zh: value for name, value in rows}
    assert len(told) == len(ALL_FIELDS)
    assert (told["平台"], told["点赞数"], told["评论数"]) == ("微博", "0", "—")
    assert told["发布时间"] == "2026-11-20 15:50"
    assert told["作者编号"] == "已读到，不显示"


@pytest.mark.parametrize(
    ("state", "reason", "found", "said"),
    [
        (CoverageState.OK, "", 10, "读到 10 条，其中 4 条会入库"),
        (CoverageState.EMPTY, "", 0, "读到了，平台说没有结果"),
        (CoverageState.BLOCKED, "captcha", 0, "没有读到：微博要求验证码"),
        (CoverageState.FAILED, "robots", 0, "没有读到：微博的 robots.txt 不允许"),
    ],
)
def test_how_a_trial_went_is_one_sentence(state, reason, found, said):
    trial = Trial("w", "s", state, reason, found=found, matched=4)
    assert verdict_words(trial, Platform.WEIBO).zh == said


def test_a_worker_that_could_not_begin_speaks_for_itself():
    trial = Trial("w", "s", CoverageState.FAILED, "not_started", told=Text("没有方案", "no watch"))
    assert reason_of(trial, Platform.WEIBO).text.zh == "没有方案"
    assert next_words(trial).zh == "到此为止"


def test_what_follows_is_told():
    seen = Trial("w", "s", CoverageState.OK, found=1, next="https://s.weibo.com/x?page=2")
    assert "page=2" in next_words(seen).zh
    assert next_words(Trial("w", "s", CoverageState.OK, found=1)).zh == "没有下一页"
