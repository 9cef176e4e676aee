"""Small labels: level, sentiment, platform, state. Always a word, never a colour alone."""

from markupsafe import Markup

from dashboard.widgets.html import fill
from domain.brand import Level
from domain.mention import Platform
from domain.sentiment import Judge, Label, Sentiment
from presentation.formats import share
from presentation.wording import word


def level_badge(level: Level) -> Markup:
    """红色预警 … 蓝色预警."""
    return fill(
        '<span class="kb-level kb-level-{code}">{word}</span>',
        code=level.value,
        word=word(level).zh.removesuffix("预警"),
    )


def label_badge(label: Label) -> Markup:
    """负面 / 中性 / 正面."""
    return fill(
        '<span class="kb-label kb-label-{code}">{word}</span>',
        code=label.value,
        word=word(label).zh,
    )


def judgement(sentiment: Sentiment | None) -> Markup:
    """The label with how sure it is and who says so: `负面 91% · 模型`, `负面 · 人工`."""
    if sentiment is None:
        return fill('<span class="kb-label kb-label-none">未判定</span>')
    who = word(sentiment.by).zh
    told = who if sentiment.by is Judge.PERSON else f"{share(sentiment.confidence)} · {who}"
    return fill(
        '{badge}<span class="kb-quiet">{told}</span>',
        badge=label_badge(sentiment.label),
        told=told,
    )


def platform_badge(platform: Platform) -> Markup:
    """微博 / 知乎 / 贴吧."""
    return fill('<span class="kb-tag">{word}</span>', word=word(platform).zh)


def tag(words: str) -> Markup:
    """A quiet label with any words."""
    return fill('<span class="kb-tag">{words}</span>', words=words)
