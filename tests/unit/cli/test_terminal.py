import json

import pytest

from cli.terminal import complain, err, out, progress, say, show_table

ATTACKS = {
    "window title": "\x1b]0;owned\x07",
    "colour": "\x1b[31m",
    "one byte introducer": "\x9b31m",
    "overwrites the line": "calm\rfire",
    "erases": "fire\x08\x08\x08\x08calm",
    "deleted": "\x7f",
    "turned around": "\u202egpj.exe",
    "isolate": "\u2066a\u2069",
    "half a character": "\ud800",
}
OBEYED = set("\x1b\x07\x08\r\x7f\x9b\u202e\u2066\u2069")


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_command_prints_what_a_terminal_would_obey(capsys, attack):
    out().print(attack)
    err().print(attack)
    say(attack, attack)
    complain(attack, attack)
    show_table([attack], [[attack]])
    with progress(attack, attack, 1) as advance:
        advance()
    said = capsys.readouterr()
    assert not OBEYED & set(said.out + said.err)
    assert said.out.strip()


def test_a_cell_stays_on_its_line(capsys):
    show_table(["a"], [["✓ one\n✓ forged"]])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_json_says_the_same_after_it_was_made_harmless(capsys):
    document = {"name": "a\x9b\u202eb\n\x1b"}
    out().print(json.dumps(document, ensure_ascii=False))
    assert json.loads(capsys.readouterr().out) == document


def test_ordinary_text_stays_as_it_is(capsys):
    out().print("「云栈」👩\u200d💻 é ok\nsecond line")
    assert capsys.readouterr().out == "「云栈」👩\u200d💻 é ok\nsecond line\n"
