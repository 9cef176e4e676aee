"""总览 as a person sees it."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

from domain.mention import Flag
from domain.queries import MentionFilter
from tests.dashboard_house import HOSTILE, NOW
from tests.unit.dashboard.conftest import words_of


def test_the_first_sentence_says_what_burns_and_what_was_not_seen(furnished, visit):
    said = words_of(visit(furnished))
    assert "1 条预警待处置" in said
    assert "贴吧 3 小时没有采全" in said
    assert "平稳" not in said


def test_an_orange_signal_has_a_band_that_leads_to_it(furnished, visit):
    seen = visit(furnished)
    assert "A-20261120-01" in words_of(seen)
    links = [link.proto for link in seen.get("page_link")]
    band = next(link for link in links if "A-20261120-01" in link.label)
    assert "id=A-20261120-01" in band.query_string


def test_every_figure_leads_to_the_posts_behind_it(furnished, visit):
    links = {
        link.proto.label: link.proto.query_string for link in visit(furnished).get("page_link")
    }
    start = (NOW.replace(minute=0) - timedelta(days=1)).strftime("%Y%m%dT%H%M%SZ")
    assert f"from={start}" in links["查看总声量"]
    assert "label=negative" in links["查看负面率"]


def test_there_are_three_charts_each_told_in_a_sentence(furnished, visit):
    charts = visit(furnished).get("arrow_vega_lite_chart") or visit(furnished).get(
        "vega_lite_chart"
    )
    assert len(charts) == 3
    assert all(chart.proto.alt for chart in charts)


def test_hostile_texts_are_only_text(furnished, visit):
    said = words_of(visit(furnished))
    assert "<script>document" not in said
    assert "<img src=x" not in said
    assert "javascript:alert" not in said.replace("[点我](javascript:alert", "")
    assert HOSTILE[0][:4] in said


def test_the_address_chooses_the_span_and_nonsense_in_it_is_ignored(furnished, visit):
    assert "过去 7 天" in words_of(visit(furnished, range="7d"))
    seen = visit(furnished, range="; drop table", brand="nobody", first="x", last="y")
    assert not seen.exception
    assert "过去 24 小时" in words_of(seen)


def test_a_house_without_brands_says_what_to_do(bare, visit):
    seen = visit(bare)
    assert not seen.exception
    assert "还没有监测任何品牌" in words_of(seen)


def test_who_may_not_read_sees_no_figures(furnished, visit):
    said = words_of(visit(furnished, login="wu"))
    assert "您的角色看不到这一页" in said
    assert "总声量" not in said


def test_nobody_sees_nothing(furnished, visit):
    said = words_of(visit(furnished, login="stranger"))
    assert "登录已失效" in said
    assert "总声量" not in said


def test_demo_data_are_called_so(furnished, visit):
    assert "演示数据" in words_of(visit(furnished))


def test_what_counts_nowhere_is_told_by_its_reason_and_leads_there(own_house, visit):
    def link(said):
        labels = {each.proto.label: each.proto for each in said.get("page_link")}
        return next((one for label, one in labels.items() if label.startswith("未计入")), None)

    before = visit(own_house)
    assert link(before) is None
    newest = own_house.store.search(MentionFilter(brand_id="yunzhan"), limit=6).mentions
    for n, mention in enumerate(newest):
        flags = {Flag.SPAM} if n == 5 else {Flag.IN_DEPTH} if n > 2 else {Flag.OWN_ACCOUNT}
        own_house.store.amend(mention.id, lambda m, f=flags: replace(m, flags=frozenset(f)))
    told = link(visit(own_house, range="30d"))
    assert told is not None
    assert told.label == "未计入：自有账号 3 · 跟帖 2 · 垃圾信息 1"
    assert "uncounted=own_account~in_depth~spam" in unquote(told.query_string)
