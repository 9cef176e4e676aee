"""Changing the configuration from a page: checked as a file would be, shown as a diff, saved as a
version.
"""

import streamlit as st
from markupsafe import Markup

from dashboard.data import forget
from dashboard.services import services
from dashboard.state import me, now
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.notices import done, refused
from domain.brand import Change, ChangeKind, Configuration
from domain.errors import KoubeiError
from presentation.wording import word
from runtime.configuration_file import parse_configuration, write_configuration
from workflow.watches import Applied, edit_configuration

PLACE = "本页"
"""How a complaint names the place of what was typed."""


def checked(configuration: Configuration) -> Configuration:
    """Return the configuration as a file of it would be read; ConfigurationError when it is
    refused. One set of rules holds, wherever something is typed.
    """
    return parse_configuration(write_configuration(configuration), PLACE)


def save(configuration: Configuration, *, expected_version: int, reason: str) -> Applied | None:
    """Save what was edited; None when it was refused, which is then shown."""
    try:
        applied = edit_configuration(
            services().begin_work,
            me().id,
            checked(configuration),
            expected_version=expected_version,
            at=now(),
            reason=reason,
        )
    except KoubeiError as error:
        refused(error, kept="没有保存，您填写的内容还在页面上")
        return None
    forget()
    if applied.saved:
        done(f"已保存为第 {applied.version} 版")
    else:
        st.toast("没有改动，无需保存")
    return applied


def differences(changes: tuple[Change, ...]) -> None:
    """Show what a change would do, a line a part."""
    if not changes:
        show(fill('<span class="kb-quiet">与当前配置相同</span>'))
        return
    show(fill('<div class="kb-diff">{lines}</div>', lines=join(_line(each) for each in changes)))


def _line(change: Change) -> Markup:
    values = {
        ChangeKind.ADDED: f"+ {change.after}",
        ChangeKind.REMOVED: f"− {change.before}",
        ChangeKind.CHANGED: f"{change.before} → {change.after}",
    }
    return fill(
        '<div><span class="kb-tag">{kind}</span> <b>{path}</b> <code>{value}</code></div>',
        kind=word(change.kind).zh,
        path=change.path,
        value=values[change.kind][:400],
    )
