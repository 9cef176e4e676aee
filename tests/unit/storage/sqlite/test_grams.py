"""storage/sqlite/grams.py: the index may offer too much but never misses."""

import sqlite3

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.han import fold
from storage.sqlite.grams import TOKENIZER, match_expression, tokens

texts = st.text(
    st.sampled_from("好吃茶aB1 \n\t\0\"'*()-:^+😡\ue020\ue0ff\\") | st.characters(codec="utf-8")
)


def index() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    quoted = TOKENIZER.replace("'", "''")
    connection.execute(
        "CREATE VIRTUAL TABLE gram USING fts5 (tokens, content = '', columnsize = 0,"
        f" detail = none, tokenize = '{quoted}')"
    )
    return connection


@settings(max_examples=300, deadline=None)
@given(texts.filter(bool), st.data())
def test_every_piece_of_a_text_is_found(text, data):
    folded = fold(text)
    start = data.draw(st.integers(0, len(folded) - 1))
    end = data.draw(st.integers(start + 1, len(folded)))
    brands = data.draw(st.frozensets(texts, max_size=2))
    connection = index()
    connection.execute("INSERT INTO gram (rowid, tokens) VALUES (7, ?)", (tokens(folded, brands),))
    for brand in (None, *brands):
        wanted = match_expression([folded[start:end]], brand)
        found = connection.execute("SELECT rowid FROM gram WHERE gram MATCH ?", (wanted,))
        assert found.fetchall() == [(7,)]
    other = match_expression([folded[start:end]], "another brand")
    assert not connection.execute("SELECT 1 FROM gram WHERE gram MATCH ?", (other,)).fetchall()
    connection.close()


@settings(max_examples=100, deadline=None)
@given(texts)
def test_deleting_by_the_same_tokens_leaves_nothing(text):
    connection = index()
    said = tokens(fold(text), ["cha"])
    connection.execute("INSERT INTO gram (rowid, tokens) VALUES (7, ?)", (said,))
    connection.execute("INSERT INTO gram (gram, rowid, tokens) VALUES ('delete', 7, ?)", (said,))
    for piece in {*fold(text)} or {"x"}:
        wanted = match_expression([piece], None)
        assert not connection.execute("SELECT 1 FROM gram WHERE gram MATCH ?", (wanted,)).fetchall()
    connection.close()


def test_a_brand_is_no_text_and_a_text_no_brand():
    connection = index()
    connection.execute("INSERT INTO gram (rowid, tokens) VALUES (1, ?)", (tokens("cha", ["tea"]),))
    for words, brand, hits in (
        (["cha"], "tea", 1),
        (["tea"], None, 0),
        (["cha"], "cha", 0),
        (["a"], "tea", 1),
    ):
        wanted = match_expression(words, brand)
        found = connection.execute("SELECT 1 FROM gram WHERE gram MATCH ?", (wanted,)).fetchall()
        assert len(found) == hits, (words, brand)
    connection.close()
