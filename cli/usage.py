"""What is said when a command is typed wrongly, or when the system refuses a file: our words.

Typer and the operating system speak English; what they say often is told in both languages, and
what they say rarely is passed on as it is rather than hidden.
"""

import re
from typing import Final

import typer

from domain.errors import ConfigurationError, KoubeiError, Text
from presentation.refusals import refusal

_FACTS: Final = (
    (r"No such command '(.*)'\. Did you mean (.*)\?", "没有命令 {0}，是否想写 {1}？"),
    (r"No such command '(.*)'\.", "没有命令 {0}"),
    (r"No such option: (\S+)", "没有选项 {0}"),
    (r"Missing command\.", "缺少子命令"),
    (r"Got unexpected extra argument\(?s?\)? \((.*)\)", "多余的参数：{0}"),
    (r"Option '(\S+)' requires an argument\.?", "选项 {0} 后面要写一个值"),
    (r"Option '(\S+)' does not take a value\.?", "选项 {0} 后面不写值"),
    (r"Input should be a valid (?:integer|number).*", "应为数字"),
    (r"Input should be greater than or equal to (\S+)", "应不小于 {0}"),
    (r"Input should be less than or equal to (\S+)", "应不大于 {0}"),
    (r"Input should be (.* or .*|'[^']*')", "只能是 {0}"),
    (r"(?:Value error, )?'(.*)' is not one of (.*)\.", "没有 {0}，只能是 {1}"),
    (r"Value (.*) is not a valid .*", "{0} 不是有效的值"),
    (r"Directory '(.*)' is a file\.", "{0} 是文件，不是目录"),
)


def usage_error(error: typer.TyperException, typed: str) -> KoubeiError:
    """Return what typer says about a wrong call as an error of ours, with where to read on.

    `typed` is the command that was called, for errors that do not know it.
    """
    context = getattr(error, "ctx", None)
    command = context.command_path if context else f"koubei {typed}".strip()
    parameter = getattr(error, "param", None)
    hint = getattr(error, "param_hint", None)
    place = str(hint or (parameter.get_error_hint() if parameter else "")).replace("'", "")
    if parameter is not None and not error.message:
        fact = Text(f"缺少 {place}", f"{place} is missing")
        place = ""
    else:
        fact = Text(_in_chinese(error.message), error.message)
    near = getattr(error, "possibilities", None)
    zh = f"是否想写 {'、'.join(sorted(near))}？用法见 " if near else "用法见 "
    en = f"did you mean {', '.join(sorted(near))}? See " if near else "see "
    return ConfigurationError(
        fact, place=place, mend=Text(f"{zh}{command} --help", f"{en}{command} --help")
    )


def system_error(error: OSError) -> KoubeiError:
    """Return what the operating system refused as an error of ours: file, fact, mend."""
    why = refusal(error)
    name = error.filename
    return KoubeiError(why.text, place=name if isinstance(name, str) else "", mend=why.mend)


def _in_chinese(message: str) -> str:
    for pattern, chinese in _FACTS:
        if match := re.fullmatch(pattern, message, re.DOTALL):
            return chinese.format(*match.groups()).replace(" or ", " 或 ")
    return message
