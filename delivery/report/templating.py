"""The templates of mail and page: ours alone, sandboxed, everything placed is escaped."""

from functools import cache
from typing import Any

import css_inline
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from presentation.report_view import ReportView


def fill(name: str, view: ReportView, **more: Any) -> str:
    """Return a template with a report in it."""
    return _environment().get_template(name).render(r=view, t=view.t, **more)


def inlined(page: str) -> str:
    """Return a page with its styles at its tags, as mail programs want them; nothing is fetched."""
    return _inliner().inline(page)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("delivery", "templates"),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True
    )
