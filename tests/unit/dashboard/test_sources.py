"""设置 › 来源: the sheet of a source is read, signed, withdrawn; and one page is tried on 采集."""

from datetime import timedelta

import pytest

from dashboard import data, services
from domain.assessment import VALID_FOR
from tests.dashboard_house import NOW, furnished_house
from tests.fixtures.cases import add_everyone
from tests.fixtures.people import PASSWORD, QUICK, an_account, move_in
from tests.fixtures.sheets import HouseScout, a_sheet
from tests.unit.dashboard.conftest import words_of

SOURCE = "weibo-search"
PURPOSE = "监测自有品牌「云栈」的公开评价"


@pytest.fixture
def own(tmp_path):
    """A house of one's own, in which accounts have passwords."""
    with furnished_house(tmp_path) as opened:
        add_everyone(opened.begin_work)
        move_in(opened.begin_work, an_account("hui", created_at=NOW))
        yield opened


@pytest.fixture
def finder(own, monkeypatch):
    """Who looks at the sources of the house; nobody is asked."""
    found = HouseScout(own.clock)
    monkeypatch.setattr(services._offer, "scout", found)
    monkeypatch.setattr("dashboard.widgets.settings.sources._PASSWORDS", QUICK)
    return found


@pytest.fixture
def open_page(own, finder, visit, monkeypatch):
    """Return a function that opens a page; `offer` of the other fixture leaves the scout out."""

    def go(place: str, login: str = "hui", **address: str):
        seen = visit(own, place, login=login, **address)
        monkeypatch.setattr(services._offer, "scout", finder)
        seen.run()
        return seen

    return go


def button(seen, label):
    return next(each for each in seen.button if each.label == label)


def labels(seen):
    return {each.label for each in seen.button}


def field(seen, kind, label):
    return next(each for each in seen.get(kind) if each.label == label)


def fill_in(seen, *, password=PASSWORD, allows=True):
    field(seen, "text_area", "目的").set_value(PURPOSE)
    field(seen, "text_input", "平台条款的网址").set_value("https://weibo.com/terms")
    field(seen, "text_input", "本人密码").set_value(password)
    box = field(seen, "checkbox", "robots.txt 不允许的页面，仍由本人决定采集并负责")
    box.set_value(allows)
    return button(seen, "以「Hui」签署").click().run()


def newest(own):
    with own.begin_reading() as work:
        return work.assessments.current(SOURCE)


def test_every_source_is_listed_with_how_it_stands(open_page, own):
    said = words_of(open_page("settings", part="sources"))
    with own.begin_reading() as work:
        sources = work.configuration.current()[1].sources
    assert said.count("尚未签署") == len(sources) > 1
    assert "http://127.0.0.1:9701" in said


def test_a_sheet_is_filled_from_the_configuration(open_page):
    said = words_of(open_page("settings", part="sources", source=SOURCE))
    for told in ("/realtime", "每 5 分钟 一次", "约 289 次请求", "尚未读取", "停止条件"):
        assert told in said, told


def test_robots_txt_is_read_by_a_button_and_is_no_markup(open_page, finder):
    finder.text = "User-agent: *\nDisallow: /realtime\n# <script>x</script> **粗**\n"
    seen = open_page("settings", part="sources", source=SOURCE)
    button(seen, "现在读取").click().run()
    assert not seen.exception
    assert finder.asked == [f"robots of {SOURCE}"]
    said = words_of(seen)
    assert "不允许读取上面的 2 种页面" in said
    assert "&lt;script&gt;" in said
    assert "<script>x" not in said


def test_a_sheet_is_signed_with_the_own_password_and_holds_at_once(open_page, own):
    seen = open_page("settings", part="sources", source=SOURCE)
    assert button(seen, "以「Hui」签署").disabled
    button(seen, "现在读取").click().run()
    fill_in(seen)
    assert not seen.exception
    signed = newest(own)
    assert (signed.signed_by, signed.purpose, signed.allows_disallowed) == ("id-hui", PURPOSE, True)
    assert signed.robots.disallowed
    assert "在评估下运行，有效期至" in words_of(seen)
    said = words_of(open_page("crawl"))
    assert "在评估下运行，有效期至" in said
    assert "/settings?part=sources&amp;source=weibo-search" in said


def test_a_wrong_password_signs_nothing_and_keeps_what_was_typed(open_page, own):
    seen = open_page("settings", part="sources", source=SOURCE)
    button(seen, "现在读取").click().run()
    fill_in(seen, password="wrong")
    assert not seen.exception
    assert newest(own) is None
    assert "原密码不对" in words_of(seen)
    assert field(seen, "text_area", "目的").value == PURPOSE


def test_what_cannot_be_read_cannot_be_signed(open_page, own, finder):
    finder.status, finder.text = 503, ""
    seen = open_page("settings", part="sources", source=SOURCE)
    button(seen, "现在读取").click().run()
    assert "读不到（503）" in words_of(seen)
    fill_in(seen)
    assert newest(own) is None
    assert "robots.txt 读不到，不能签署" in words_of(seen)


@pytest.mark.parametrize("login", ["chen", "zhou"])
def test_who_may_not_sign_sees_who_may_and_no_way_to(open_page, login):
    seen = open_page("settings", login=login, part="sources", source=SOURCE)
    assert not seen.exception
    assert not {"现在读取", "撤回评估"} & labels(seen)
    assert not any("签署" in label for label in labels(seen))
    assert "Hui" in words_of(seen)


def test_nobody_sees_nothing(open_page):
    seen = open_page("settings", login="nobody", part="sources", source=SOURCE)
    assert "登录已失效" in words_of(seen)
    assert not labels(seen)


def test_a_sheet_is_withdrawn_for_a_reason(open_page, own):
    with own.begin_work() as work:
        source = work.configuration.current()[1].source(SOURCE)
        work.assessments.add(a_sheet(source, signed_at=NOW, valid_until=NOW + VALID_FOR))
        work.commit()
    seen = open_page("settings", part="sources", source=SOURCE)
    assert "已失效：采集频率高于所签" in words_of(seen)
    field(seen, "text_input", "理由").set_value("平台来函").run()
    button(seen, "撤回评估").click().run()
    assert not seen.exception
    assert newest(own).withdrawn_reason == "平台来函"
    assert "已失效：已撤回" in words_of(seen)


def test_a_sheet_that_ends_soon_is_said_on_the_first_page_and_on_the_sources(open_page, own):
    with own.begin_work() as work:
        source = work.configuration.current()[1].source(SOURCE)
        until = NOW + timedelta(days=3)
        work.assessments.add(a_sheet(source, signed_at=NOW, valid_until=until))
        work.commit()
    data.forget()
    assert "的采集影响评估将于" in words_of(open_page("overview"))


def test_one_page_is_tried_shown_whole_and_noted_in_the_trail(open_page, own, finder):
    seen = open_page("crawl")
    tries = [each for each in seen.button if each.label == "试读一页"]
    next(each for each in tries if each.key.endswith(SOURCE)).click().run()
    assert not seen.exception
    assert finder.asked == [f"page of {SOURCE}"]
    said = words_of(seen)
    assert "读到 2 条，其中 1 条会入库" in said
    assert "含排除词「云栈道」" in said
    assert "&lt;b&gt;粗&lt;/b&gt;" in said
    assert "王**" in said
    with own.begin_reading() as work:
        [row] = work.audit.of("crawl:yunzhan-koubei:weibo-search")
    assert (row.action, row.actor) == ("crawl.tried", "account:id-hui")


def test_who_may_not_have_a_platform_asked_sees_no_button(open_page):
    assert "试读一页" not in labels(open_page("crawl", login="zhou"))


def test_nonsense_in_the_address_is_no_error(open_page):
    assert not open_page("settings", part="sources", source="<b>'--").exception
