"""抽样核对: twenty mentions drawn at random, judged by a person before the model's label is shown.

What people correct by themselves is what strikes them as wrong; this is the sample that tells how
often the model is right.
"""

from dataclasses import dataclass, replace
from random import SystemRandom

import streamlit as st

from analysis.agreement import Agreement
from dashboard import data
from dashboard.services import services
from dashboard.state import address, go, key, now, zone
from dashboard.widgets.brands import watched_brands
from dashboard.widgets.frame import card
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.mentions import card_face
from dashboard.widgets.notices import empty, refused
from domain.account import Account
from domain.errors import KoubeiError
from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT, Label
from monitoring.pulse_words import measured_words
from monitoring.sampling import SIZE, draw
from presentation.hits import pieces
from presentation.hostile import excerpt
from presentation.masking import mask_speakers
from presentation.wording import word
from workflow.corrections import judge_unseen, next_sample

_SAMPLE = key("sample")
_TEXT_SIGNS = 1_000
_ROW_SIGNS = 60


@dataclass(frozen=True, slots=True)
class _Sample:
    """A draw and how far its reader has come. `answers` are by the place of the mention, None where
    it was passed over.
    """

    name: str
    brand_id: str
    mentions: tuple[Mention, ...]
    answers: tuple[Label | None, ...] = ()

    @property
    def differing(self) -> list[tuple[Mention, Label, Label]]:
        """What the reader judged otherwise: mention, the reader's label, the model's."""
        both = [(m, said, self._model(m)) for m, said in self._judged()]
        return [(m, said, model) for m, said, model in both if model and said is not model]

    @property
    def agreement(self) -> Agreement:
        """How often the reader and the model agree."""
        judged = len(self._judged())
        return Agreement(None, None, judged, judged - len(self.differing))

    def _judged(self) -> list[tuple[Mention, Label]]:
        return [(m, said) for m, said in zip(self.mentions, self.answers, strict=False) if said]

    def _model(self, mention: Mention) -> Label | None:
        return mention.label_towards(self.brand_id)


def leave() -> None:
    """Go back to the list."""
    st.session_state.pop(_SAMPLE, None)
    go({}, without=("check",))


def sample_desk(account: Account) -> None:
    """Show one mention after the other, and at the end how it went."""
    sample = _sample()
    with card("sample"):
        if not sample.mentions:
            empty("过去 7 天没有可抽样的内容", "换一个品牌，或等模型判定过新内容后再来。")
        elif len(sample.answers) < len(sample.mentions):
            _ask(account, sample)
        else:
            _told(sample)


def _sample() -> _Sample:
    held = st.session_state.get(_SAMPLE)
    brand_id = address().get("brand", "")
    if isinstance(held, _Sample) and held.brand_id == brand_id:
        return held
    name = next_sample(services().begin_work)
    drawn = draw(services().store, brand_id or None, until=now(), chance=SystemRandom())
    st.session_state[_SAMPLE] = made = _Sample(name, brand_id, drawn)
    return made


def _ask(account: Account, sample: _Sample) -> None:
    place = len(sample.answers)
    mention = sample.mentions[place]
    names = {brand.id: brand.name for brand in watched_brands()}
    brand = names.get(sample.brand_id, sample.brand_id)
    towards = f"对「{brand}」的态度是？" if brand else "整条内容的情感是？"
    show(
        fill(
            '<div class="kb-section"><h2>第 {n} / {total} 条：{towards}</h2>'
            '<span class="kb-quiet">随机抽自过去 7 天；判定即改判或确认，立即生效并记入台账</span>'
            "</div>",
            n=place + 1,
            total=len(sample.mentions),
            towards=towards,
        )
    )
    show(
        card_face(
            mention,
            brand_id=sample.brand_id,
            title=pieces(excerpt(mention.title, _TEXT_SIGNS), ()),
            text=pieces(excerpt(mask_speakers(mention.text), _TEXT_SIGNS), ()),
            now=data.this_moment(),
            zone=zone(),
            judged=False,
        )
    )
    with st.container(horizontal=True, gap="small"):
        for label in Label:
            if st.button(word(label).zh, key=key("sample", label, place)):
                _answer(account, sample, mention, label)
        if st.button("跳过", key=key("sample", "pass", place), type="tertiary"):
            _advance(sample, None)


def _answer(account: Account, sample: _Sample, mention: Mention, label: Label) -> None:
    try:
        judge_unseen(
            services().begin_work,
            services().store,
            account.id,
            mention.id,
            label,
            target=sample.brand_id or WHOLE_TEXT,
            sample=sample.name,
            at=now(),
        )
    except KoubeiError as error:
        refused(error)
        return
    data.forget()
    _advance(sample, label)


def _advance(sample: _Sample, answer: Label | None) -> None:
    st.session_state[_SAMPLE] = replace(sample, answers=(*sample.answers, answer))
    st.rerun()


def _told(sample: _Sample) -> None:
    each, passed = sample.agreement, sample.answers.count(None)
    show(
        fill(
            '<div class="kb-section"><h2>核对完成：与模型一致 {agreed} / {judged} 条</h2>'
            '<span class="kb-quiet">{measured}{passed}</span></div>',
            agreed=each.agreed,
            judged=each.judged,
            measured=measured_words(each),
            passed=f"；跳过 {passed} 条，未计入" if passed else "",
        )
    )
    if sample.differing:
        show(
            fill(
                '<ol class="kb-rows">{rows}</ol>',
                rows=join(
                    fill(
                        "<li><span class='kb-said'>{text}</span>"
                        "<span class='kb-quiet'>您：{said}　模型：{model}</span></li>",
                        text=excerpt(mask_speakers(f"{m.title} {m.text}"), _ROW_SIGNS),
                        said=word(said).zh,
                        model=word(model).zh,
                    )
                    for m, said, model in sample.differing
                ),
            )
        )
    if st.button(f"再抽 {SIZE} 条", key=key("sample", "again")):
        del st.session_state[_SAMPLE]
        st.rerun()
