"""presentation/wording.py: nothing is nameless."""

import importlib
import inspect
import pkgutil
from enum import StrEnum

import pytest

import domain
from domain.errors import Text
from domain.mention import Platform
from domain.page import BlockKind
from domain.spiders import SPIDERS
from presentation.wording import REASON_CODES, reason, spider_word, word


def _domain_enums() -> list[type[StrEnum]]:
    names = [m.name for m in pkgutil.iter_modules(domain.__path__)]
    modules = [importlib.import_module(f"domain.{name}") for name in names]
    found = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, StrEnum) and kind is not StrEnum
    }
    return sorted(found, key=lambda kind: kind.__name__)


def test_the_domain_has_enums_to_look_at():
    assert len(_domain_enums()) >= 20


@pytest.mark.parametrize("kind", _domain_enums(), ids=lambda kind: kind.__name__)
def test_every_member_of_a_domain_enum_has_a_word_in_both_languages(kind):
    for member in kind:
        assert isinstance(word(member), Text)
        assert word(member).zh.strip()
        assert word(member).en.strip()
        assert word(member).en.isascii()


@pytest.mark.parametrize("kind", _domain_enums(), ids=lambda kind: kind.__name__)
def test_no_two_members_of_an_enum_share_a_word(kind):
    for language in ("zh", "en"):
        words = [word(member).in_language(language) for member in kind]
        assert len(set(words)) == len(words)


@pytest.mark.parametrize("name", SPIDERS)
def test_every_spider_has_a_word(name):
    assert name not in spider_word(name).zh


def test_every_wall_has_a_reason_with_a_mend():
    assert {kind.value for kind in BlockKind} <= REASON_CODES


@pytest.mark.parametrize("code", sorted(REASON_CODES))
def test_every_reason_says_what_helps_in_one_step(code):
    told = reason(code)
    for language in ("zh", "en"):
        assert told.text.in_language(language)
        assert told.mend.in_language(language)
        assert "{" not in told.text.in_language(language) + told.mend.in_language(language)
        assert "\n" not in told.mend.in_language(language)


def test_a_platform_is_named_where_it_is_known():
    assert reason("login_wall", Platform.WEIBO).text == Text(
        "微博要求登录", "Weibo asks for a login"
    )
    assert reason("login_wall").text == Text("平台要求登录", "the platform asks for a login")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("layout_changed:created_at", "（created_at）"),
        ("layout_changed:a\nb<script>", "（abscript）"),
        ("page_too_large:210331 tags", "没有读（210331 tags）"),
        ("http_503", "（503）"),
        ("exit_-9", "（-9）"),
    ],
)
def test_a_detail_behind_the_code_is_shown(code, told):
    assert reason(code).text.zh.endswith(told)


def test_an_unknown_code_is_shown_and_cannot_smuggle_markup():
    told = reason("<script>odd_code</script>\n")
    assert "odd_code" in told.text.zh
    assert "<" not in told.text.zh
    assert "\n" not in told.text.zh
    assert told.mend.zh
