"""信息流 as a person sees it, and what its buttons do."""

from dataclasses import replace
from datetime import timedelta

from dashboard.state import key
from domain.case import CaseQuery
from domain.mention import Flag
from domain.queries import MentionFilter
from domain.sentiment import WHOLE_TEXT, Judge, Label
from domain.signal import Rule
from tests.dashboard_house import NOW
from tests.unit.dashboard.conftest import words_of


def cards(seen):
    return words_of(seen).count('<article class="kb-mention">')


def test_it_tells_how_many_how_negative_and_how_new(furnished, visit):
    said = words_of(visit(furnished, "feed"))
    assert "共 67 条" in said
    assert "负面 27 条（40%）" in said
    assert "最新 16:39" in said


def test_copies_of_a_text_are_folded_into_the_first(furnished, visit):
    seen = visit(furnished, "feed", words="第")
    assert [b.label for b in seen.button if b.label.startswith("相似")] == ["相似 ×2"]
    assert cards(seen) == 18  # a page of twenty, two of them folded


def test_the_copies_can_be_read(furnished, visit):
    seen = visit(furnished, "feed", cluster="weibo:5000000000000000")
    assert cards(seen) == 3


def test_filters_of_the_address_are_those_of_the_list(furnished, visit):
    seen = visit(furnished, "feed", words="虫子", label="negative", platform="weibo")
    assert "共 20 条" in words_of(seen)
    assert seen.text_input(key=key("words")).value == "虫子"
    assert seen.multiselect(key=key("label")).value == ["negative"]


def test_searched_words_are_marked(furnished, visit):
    assert "<mark>虫子</mark>" in words_of(visit(furnished, "feed", words="虫子"))


def test_a_change_of_a_filter_goes_into_the_address_and_back_to_page_one(furnished, visit):
    seen = visit(furnished, "feed", page="2")
    seen.text_input(key=key("words")).set_value("第1杯").run()
    assert seen.query_params["words"] == "第1杯"
    assert "page" not in seen.query_params


def test_pages_follow_each_other_without_repeating(furnished, visit):
    first, second = (words_of(visit(furnished, "feed", page=str(n))) for n in (1, 2))
    assert first != second
    beyond = words_of(visit(furnished, "feed", page="90"))
    assert "没有更多了" in beyond


def test_nothing_found_says_what_to_do(furnished, visit):
    assert "减少关键词" in words_of(visit(furnished, "feed", words="没有人说过的词"))


def test_hostile_texts_are_only_text_and_bad_links_are_none(furnished, visit):
    said = words_of(visit(furnished, "feed"))
    assert "<script>document" not in said
    assert "<img src=x" not in said
    assert "<style>*" not in said
    assert 'href="javascript' not in said
    assert "链接不可用" in said
    assert "\u202e" not in said


def test_an_unknown_count_is_no_zero(furnished, visit):
    assert '评论 <b class="kb-num">—</b>' in words_of(visit(furnished, "feed"))


def test_a_correction_holds_at_once_and_is_a_persons(own_house, visit):
    seen = visit(own_house, "feed", words="第1杯", brand="yunzhan")
    seen.checkbox(key=key("ticked", "weibo:5000000000000001")).check().run()
    seen.radio(key=key("correct", "label")).set_value("negative")
    seen.text_input(key=key("correct", "reason")).set_value("反讽")
    next(b for b in seen.button if b.label == "改判").click().run()
    assert not seen.exception
    mention = own_house.store.get(["weibo:5000000000000001"])["weibo:5000000000000001"]
    assert mention.sentiment[WHOLE_TEXT].label is Label.NEGATIVE
    assert mention.sentiment[WHOLE_TEXT].by is Judge.PERSON
    assert "人工" in words_of(seen)


def test_what_is_set_aside_leaves_the_list(own_house, visit):
    seen = visit(own_house, "feed", words="第1杯")
    seen.checkbox(key=key("ticked", "weibo:5000000000000001")).check().run()
    seen.text_input(key=key("aside", "reason")).set_value("广告")
    next(b for b in seen.button if b.label == "忽略" and b.form_id).click().run()
    kept = own_house.store.get(["weibo:5000000000000001"])["weibo:5000000000000001"]
    assert Flag.SPAM in kept.flags
    assert own_house.store.count(MentionFilter(words=("第1杯",))) == 0


def test_an_act_without_a_reason_is_refused_in_words(own_house, visit):
    seen = visit(own_house, "feed", words="第1杯")
    seen.checkbox(key=key("ticked", "weibo:5000000000000001")).check().run()
    next(b for b in seen.button if b.label == "忽略" and b.form_id).click().run()
    assert "未填写理由" in words_of(seen)
    assert "没有任何内容被改动" in words_of(seen)


def test_buttons_of_what_one_may_not_do_are_not_shown(furnished, visit):
    labels = {button.label for button in visit(furnished, "feed", login="zhou").button}
    assert not labels & {"改判", "忽略", "建单", "警"}


def test_a_case_is_made_of_what_was_ticked(own_house, visit):
    seen = visit(own_house, "feed")
    box = next(each for each in seen.checkbox if each.key.startswith("koubei-ticked-"))
    mention_id = box.key.removeprefix("koubei-ticked-")
    box.check().run()
    next(each for each in seen.text_input if each.label == "标题").set_value("杯底异物")
    next(each for each in seen.button if each.label == "建单").click().run()
    with own_house.begin_reading() as work:
        [case] = work.cases.search(CaseQuery(text="杯底异物")).cases
    assert case.mention_ids == (mention_id,)


def test_an_alarm_is_raised_by_hand_for_one_post_with_a_reason(own_house, visit):
    seen = visit(own_house, "feed")
    box = next(each for each in seen.checkbox if each.key.startswith("koubei-ticked-"))
    box.check().run()
    reason = next(each for each in seen.text_input if each.key == "koubei-raise-reason")
    reason.set_value("涉及伤亡")
    next(each for each in seen.button if each.label == "发出预警").click().run()
    assert not seen.exception
    with own_house.begin_reading() as work:
        raised = [s for s in work.signals.recent() if s.rule is Rule.HAND_RAISED]
        assert [signal.raised_by for signal in raised] == ["lin"]
        assert [m.signal_id for m in work.outbox.recent() if m.signal_id == raised[0].id]


def test_what_the_model_is_not_sure_of_is_counted_marked_and_listed_by_itself(own_house, visit):
    for mention in own_house.store.search(MentionFilter(words=("第",)), limit=3).mentions:
        own_house.store.amend(mention.id, doubting)
    seen = visit(own_house, "feed")
    assert "待复核 3" in [button.label for button in seen.button]
    assert words_of(seen).count('<span class="kb-tag">待复核</span>') == 3
    listed = visit(own_house, "feed", unsure="1")
    assert "共 3 条" in words_of(listed)
    assert "只看待复核（模型把握低于 60%）　✕" in [button.label for button in listed.button]


def test_what_is_folded_and_what_is_not_listed_is_told(own_house, visit):
    said = words_of(visit(own_house, "feed"))
    assert "2 条近似内容折叠显示" in said
    assert "未列出" not in said
    set_flags(own_house, {7: {Flag.SPAM}, 8: {Flag.SPAM, Flag.IN_DEPTH}, 3: {Flag.OWN_ACCOUNT}})
    seen = visit(own_house, "feed")  # the last one is one of the three copies
    assert "1 条近似内容折叠显示；未计入、未列出：" in words_of(seen)
    offered = [button.label for button in seen.button]
    assert {"垃圾信息 2", "自有账号 1", "一并列出"} <= set(offered)
    assert not any(label.startswith("跟帖") for label in offered)
    next(b for b in seen.button if b.label == "一并列出").click().run()
    assert seen.query_params["hidden"] == "1"
    assert "共 67 条" in words_of(seen)
    assert "2 条近似内容折叠显示" in words_of(seen)
    assert "未列出" not in words_of(seen)


def test_what_counts_nowhere_is_listed_by_its_reason(own_house, visit):
    set_flags(own_house, {7: {Flag.SPAM}, 8: {Flag.IN_DEPTH}, 9: {Flag.OWN_ACCOUNT, Flag.SPAM}})
    seen = visit(own_house, "feed")
    next(b for b in seen.button if b.label == "自有账号 1").click().run()
    assert seen.query_params["uncounted"] == "own_account"
    assert "共 1 条" in words_of(seen)
    assert "未列出" not in words_of(seen)
    assert "只看未计入图表的：自有账号　✕" in [button.label for button in seen.button]
    both = visit(own_house, "feed", uncounted="in_depth~spam~nonsense")
    assert "共 2 条" in words_of(both)
    assert "只看未计入图表的：垃圾信息、跟帖　✕" in [button.label for button in both.button]
    assert "恢复计入" in [button.label for button in both.button]


def set_flags(house, flags):
    """Give posts of the house flags, by their number."""
    for n, held in flags.items():
        house.store.amend(f"weibo:5{n:015}", lambda m, held=held: replace(m, flags=frozenset(held)))


def test_what_waits_for_a_person_comes_first_and_is_judged_with_one_click(own_house, visit):
    waiting = [
        mention.id
        for mention in own_house.store.search(MentionFilter(words=("第",)), limit=50).mentions[-5:]
    ]
    for mention_id in waiting:
        own_house.store.amend(mention_id, doubting)
    seen = visit(own_house, "feed", brand="yunzhan")
    said = words_of(seen)
    assert "模型把握不足的 5 条中最新的 3 条" in said
    order = [box.key.removeprefix("koubei-ticked-") for box in seen.checkbox if "tick" in box.key]
    newest = own_house.store.search(MentionFilter(brand_id="yunzhan"), limit=5).mentions
    assert order[:5] == [mention.id for mention in newest], "the list keeps its order"
    assert not set(waiting) & set(order), "without this they were on a later page"
    asked = [b.key for b in seen.button if b.key.startswith("koubei-waits-positive")]
    assert asked == [f"koubei-waits-positive-{each}" for each in waiting[:3]]
    next(b for b in seen.button if b.key == asked[0]).click().run()
    assert not seen.exception
    judged = own_house.store.get([waiting[0]])[waiting[0]].sentiment_towards("yunzhan")
    assert (judged.label, judged.by) == (Label.POSITIVE, Judge.PERSON)
    assert "模型把握不足的 4 条中最新的 3 条" in words_of(seen)
    assert waiting[3] in str([b.key for b in seen.button]), "the next one comes up"


def test_a_later_page_and_a_reader_see_no_questions(own_house, visit):
    for mention in own_house.store.search(MentionFilter(words=("第",)), limit=3).mentions:
        own_house.store.amend(mention.id, doubting)
    for seen in (visit(own_house, "feed", page="2"), visit(own_house, "feed", login="zhou"),
                 visit(own_house, "feed", unsure="1")):  # fmt: skip
        assert "请先看" not in words_of(seen)


def doubting(mention):
    doubt = {t: replace(said, confidence=0.59) for t, said in mention.sentiment.items()}
    return replace(mention, sentiment=doubt)


def test_a_sample_is_judged_before_the_models_label_is_shown(own_house, visit):
    seen = visit(own_house, "feed", check="1", brand="yunzhan")
    assert "第 1 / 20 条：对「云栈」的态度是？" in words_of(seen)
    for _ in range(20):
        assert 'class="kb-label' not in words_of(seen)
        place = seen.session_state[key("sample")].answers
        button = "正面" if len(place) < 18 else "跳过"
        next(b for b in seen.button if b.label == button).click().run()
        assert not seen.exception
    said = words_of(seen)
    assert "核对完成：与模型一致" in said
    assert "/ 18 条" in said
    assert "跳过 2 条，未计入" in said
    with own_house.begin_work() as work:
        acts = work.corrections.between(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert len(acts) == 18
    assert all(act.sampled and act.target == "yunzhan" for act in acts)
    drawn = own_house.store.get(act.mention_id for act in acts)
    assert {m.label_towards("yunzhan") for m in drawn.values()} == {Label.POSITIVE}


def test_who_may_not_correct_is_offered_no_sample(own_house, visit):
    seen = visit(own_house, "feed", login="zhou", check="1")
    assert "抽样核对" not in words_of(seen)
    assert "抽样核对" not in [button.label for button in seen.button]
