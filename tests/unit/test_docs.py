"""The docs are true: every command, option, setting and job is written down."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cli.main import COMMANDS, build_app
from runtime.settings import leaves, variable_of
from runtime.settings_model import Settings
from scheduler.timetable import FIXED_JOBS, Lane

ROOT = Path(__file__).parents[2]
COMMANDS_PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
SETTINGS_PAGE = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
BILINGUAL = re.compile(
    r"[^。]*[\u4e00-\u9fff][^。]*(?:。[^。A-Za-z]*)*。[A-Z][^\u4e00-\u9fff]*[.:]?"
)


def commands(
    group: TyperGroup, path: str = "koubei"
) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL = dict(commands(typer.main.get_group(build_app())))
OWN = {name: command for name, command in ALL.items() if " bench " not in name}


def section(command: str) -> str:
    """Return what stands under the heading of a command, or of the group it belongs to."""
    heading = " ".join(command.split()[:2])
    _, _, rest = COMMANDS_PAGE.partition(f"### `{heading}`\n")
    return re.split(r"\n##", rest)[0]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_a_section(name):
    assert section(f"koubei {name}")


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_is_named_as_it_is_typed(name):
    assert name in COMMANDS_PAGE


@pytest.mark.parametrize("name", sorted(OWN))
def test_every_option_is_documented(name):
    options = [option for p in OWN[name].params for option in p.opts if option.startswith("-")]
    assert [option for option in options if f"`{option}" not in section(name)] == []


@pytest.mark.parametrize("name", sorted(OWN))
def test_every_help_text_is_chinese_first_and_english_after(name):
    texts = [OWN[name].help, *(getattr(p, "help", None) for p in OWN[name].params)]
    assert [text for text in texts if not text or not BILINGUAL.fullmatch(text)] == []


@pytest.mark.parametrize("path", list(leaves(Settings)), ids=".".join)
def test_every_setting_is_documented_with_its_variable(path):
    assert f"| `{'.'.join(path)}` | `{variable_of(path)}` |" in SETTINGS_PAGE


@pytest.mark.parametrize("job", FIXED_JOBS, ids=lambda job: job.name)
def test_every_job_is_documented(job):
    assert f"| `{job.name}` |" in COMMANDS_PAGE


def test_crawl_jobs_are_documented_as_they_are_named():
    assert any(lane.is_crawl for lane in Lane)
    assert "| `crawl:WATCH:SOURCE` |" in COMMANDS_PAGE


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_link_between_pages_leads_somewhere(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_decision_has_a_number_of_its_own():
    numbers = [path.name[:4] for path in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert len(numbers) == len(set(numbers))
    assert all(number.isdigit() for number in numbers)
