"""«这个数字怎么来的»: behind every figure its definition, one click away."""

import streamlit as st
from markupsafe import Markup

from dashboard.widgets.html import fill, join, show
from presentation.definitions import Definition


def where_from(*definitions: Definition, label: str = "口径") -> None:
    """Offer a popover that tells time axis, dedupe, model and coverage of figures."""
    with st.popover(label, type="tertiary", width="content"):
        show(join(_definition(each) for each in definitions))


def _definition(each: Definition) -> Markup:
    return fill(
        '<section class="kb-definition"><h4>{name}</h4><dl>{rows}</dl></section>',
        name=each.name,
        rows=join(
            fill("<dt>{term}</dt><dd>{text}</dd>", term=term, text=text)
            for term, text in each.rows()
            if text
        ),
    )
