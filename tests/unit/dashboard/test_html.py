"""dashboard/widgets/html.py: words of others in what Streamlit reads as Markdown."""

import pytest

pytest.importorskip("streamlit", reason="needs the dashboard extra; mend: python3 run.py setup")

from dashboard.widgets.html import plain_label


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("平常的话", "平常的话"),
        ("**粗** `码`", "\\*\\*粗\\*\\* \\`码\\`"),
        ("看 http://evil.example/x", "看 hxxp\\:\u2060//evil\\[\\.\\]example/x"),
        ("a@evil.example", "a@evil\\[\\.\\]example"),
        (":material/home:", "\\:\u2060material/home\\:\u2060"),
        ("行一\n\u202e行二", "行一 行二"),
    ],
)
def test_a_label_is_no_markup_no_link_and_no_icon(words, label):
    assert plain_label(words) == label
