"""The templates of mails: a sandbox that escapes, and styles written into the elements."""

from functools import cache

import css_inline
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Return where templates are looked up; what is missing is an error, HTML is escaped."""
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("delivery", "templates"),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def inliner() -> css_inline.CSSInliner:
    """Return what writes styles into elements. Nothing is fetched; only the at-rules (dark mode,
    narrow screens) stay in <style>.
    """
    return css_inline.CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True
    )


def render_page(name: str, **words: object) -> str:
    """Return the HTML of one of our templates, escaped, with its styles inlined."""
    return inliner().inline(environment().get_template(name).render(**words))


def render_text(name: str, **words: object) -> str:
    """Return the plain text of one of our templates."""
    return environment().get_template(name).render(**words).strip() + "\n"
