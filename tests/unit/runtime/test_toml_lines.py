"""The line of every value, against documents of every shape."""

import tomllib
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.toml_lines import line_of, locate
from runtime.toml_text import as_toml, key_text

DOCUMENT = '''# comment with [brackets] and key = value
title = "a # b"   # 1 is a comment
"quoted key" = 1
a.b."c.d" = 2

[web]
port = 8501
text = """
[not.a.table]
key = 1 \\""" still text
"""""
literal = \'\'\'
x = [1, 2
\'\'\'

[[brands]]
id = "one"
aliases = [
    "甲",  # first
    "乙]",
    { words = ["x", "y"], n = 1 },
]

[[brands.accounts]]
uid = "1"

[[brands.accounts]]
uid = "2"

[[brands]]
id = "two"
inline = { a.b = 1, c = "}" }

  [brands.rule]
  any = [[1], [2]]
end = 1979-05-27T07:32:00Z
'''


def test_every_key_has_the_line_on_which_it_stands():
    lines = locate(DOCUMENT)
    expected = {
        ("title",): "title =",
        ("quoted key",): '"quoted key"',
        ("a", "b", "c.d"): "a.b.",
        ("web",): "[web]",
        ("web", "port"): "port =",
        ("web", "literal"): "literal =",
        ("brands", 0, "id"): 'id = "one"',
        ("brands", 0, "aliases", 1): '"乙]"',
        ("brands", 0, "aliases", 2, "words", 1): "{ words",
        ("brands", 0, "aliases", 2, "n"): "{ words",
        ("brands", 0, "accounts", 1, "uid"): 'uid = "2"',
        ("brands", 1, "id"): 'id = "two"',
        ("brands", 1, "inline", "a", "b"): "inline",
        ("brands", 1, "inline", "c"): "inline",
        ("brands", 1, "rule", "any", 1, 0): "any =",
        ("brands", 1, "rule", "end"): "end =",
    }
    source = DOCUMENT.splitlines()
    for path, sign in expected.items():
        assert sign in source[lines[path] - 1], path


def test_every_value_that_tomllib_finds_is_located():
    assert set(_paths(tomllib.loads(DOCUMENT))) == set(locate(DOCUMENT))


def test_windows_line_ends_count_as_one_line():
    assert locate("a = 1\r\n[t]\r\nb = '''\r\nx'''\r\nc = 3\r\n")["t", "c"] == 5


def test_a_missing_value_has_the_line_of_the_table_that_should_hold_it():
    lines = locate("[web]\nport = 1\n[[brands]]\nid = 'x'\n")
    assert line_of(lines, ("brands", 0, "name")) == 3
    assert line_of(lines, ("nowhere",)) is None


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAF = TEXT | st.integers(-9, 9) | st.booleans()
INLINE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TABLE = st.dictionaries(TEXT, INLINE, max_size=4)


ARRAYS = st.dictionaries(TEXT, st.lists(TABLE, min_size=1, max_size=3), max_size=2)


@settings(deadline=None)
@given(st.dictionaries(TEXT, TABLE, max_size=3), ARRAYS)
def test_any_document_we_can_write_is_read_back_and_located(tables, arrays):
    arrays = {key: value for key, value in arrays.items() if key not in tables}
    parts = []
    where = {}
    for key, table in tables.items():
        _write(parts, where, (key,), f"[{key_text(key)}]", table)
    for key, items in arrays.items():
        for index, item in enumerate(items):
            _write(parts, where, (key, index), f"[[{key_text(key)}]]", item)
    text = "\n".join(parts)
    assert tomllib.loads(text) == {**tables, **arrays}
    lines = locate(text)
    assert set(_paths(tomllib.loads(text))) == set(lines)
    assert {path: lines[path] for path in where} == where


def _write(parts: list[str], where: dict, path: tuple, header: str, table: dict) -> None:
    parts.append(header)
    where[path] = len(parts)
    for key, value in table.items():
        parts.append(f"{key_text(key)} = {as_toml(value)}")
        where[*path, key] = len(parts)


def _paths(value: object, path: tuple = ()) -> Iterator[tuple]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield (*path, key)
        yield from _paths(item, (*path, key))
