"""monitoring/audit_trail.py: what was done to a trail is found; what it says can be handed out."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.account import Account, Role
from domain.audit import Flaw, KnownHead
from domain.errors import ImportRefused, NotPermitted
from domain.queries import AuditFilter
from monitoring.audit_trail import export, read_trail, verify, verify_export
from storage.sql.database import begin_work
from tests.fakes import NOON
from tests.fixtures.databases import new_workflow_database

MINUTE = timedelta(minutes=1)


@pytest.fixture
def engine(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    with begin_work(engine)() as work:
        work.accounts.add(Account("ben", "ben", "本", frozenset({Role.AUDITOR}), NOON))
        work.accounts.add(Account("li", "li", "李", frozenset({Role.LEGAL}), NOON))
        for n in range(1, 7):
            work.audit.append(
                at=NOON + n * MINUTE,
                actor="account:ben" if n % 2 else "system:detector",
                action="case.taken" if n < 4 else "signal.opened",
                object_id=f"C-{n % 2}",
                reason="核实",
                payload={"case": "C-9", "n": n} if n == 2 else {"n": n},
            )
        work.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def begin(engine):
    return begin_work(engine)


def tamper(engine, *statements):
    with engine.begin() as db:
        for trigger in ("audit_is_not_changed", "audit_is_not_deleted"):
            db.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        for statement in statements:
            db.execute(text(statement))


def rows(begin):
    with begin() as work:
        return list(work.audit.rows())


def test_an_untouched_trail_is_whole_and_its_head_is_told(begin):
    found = verify(begin)
    last = rows(begin)[-1]
    assert (found.is_whole, found.rows, found.seq, found.head) == (True, 6, 6, last.row_hash)


def test_an_empty_trail_is_whole(tmp_path):
    engine = new_workflow_database(tmp_path / "empty.sqlite")
    assert verify(begin_work(engine)).is_whole
    engine.dispose()


@pytest.mark.parametrize(
    ("statements", "findings"),
    [
        (["UPDATE audit SET actor = 'x' WHERE seq = 3"], [(Flaw.ROW, 3)]),
        (["UPDATE audit SET payload = '{}' WHERE seq = 3"], [(Flaw.PAYLOAD, 3)]),
        (["DELETE FROM audit WHERE seq = 3"], [(Flaw.MISSING, 4)]),
        (["DELETE FROM audit WHERE seq = 1"], [(Flaw.MISSING, 2)]),
        (["UPDATE audit SET previous_hash = 'f' WHERE seq = 3"], [(Flaw.LINK, 3)]),
        (["UPDATE audit SET payload = '', salt = '' WHERE seq = 3"], [(Flaw.UNTOLD, 3)]),
        (["DELETE FROM audit WHERE seq > 4"], [(Flaw.CUT, 5)]),
        (
            ["UPDATE audit SET actor = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 6"],
            [(Flaw.ROW, 2), (Flaw.CUT, 6)],
        ),
    ],
    ids=["row", "payload", "gap", "first", "link", "erased untold", "tail", "two"],
)
def test_what_was_done_to_it_is_named(engine, begin, statements, findings):
    tamper(engine, *statements)
    assert [(f.flaw, f.seq) for f in verify(begin).findings] == findings


def test_a_tail_cut_together_with_its_counter_is_told_by_a_head_kept_elsewhere(engine, begin):
    kept = KnownHead(6, rows(begin)[-1].row_hash, "heartbeat")
    tamper(
        engine,
        "DELETE FROM audit WHERE seq > 4",
        "UPDATE counters SET value = 4 WHERE name = 'audit'",
    )
    assert verify(begin).is_whole
    (found,) = verify(begin, [kept]).findings
    assert (found.flaw, found.seq, found.told_by) == (Flaw.CUT, 6, "heartbeat")


def test_a_trail_written_anew_from_a_row_on_is_told_by_a_head_kept_elsewhere(engine, begin):
    kept = [KnownHead(n, rows(begin)[n - 1].row_hash, "backup") for n in (3, 6)]
    tamper(
        engine,
        "DELETE FROM audit WHERE seq > 4",
        "UPDATE counters SET value = 4 WHERE name = 'audit'",
    )
    with begin() as work:
        for n in range(2):
            work.audit.append(
                at=NOON, actor="x", action="y", object_id="z", reason="", payload={"n": n}
            )
        work.commit()
    assert verify(begin).is_whole
    assert [(f.flaw, f.seq) for f in verify(begin, kept).findings] == [(Flaw.REPLACED, 6)]


def test_an_erasure_that_a_later_row_tells_of_is_in_order(engine, begin):
    with begin() as work:
        work.audit.append(
            at=NOON, actor="x", action="audit.erased", object_id="3", reason="权利请求", payload={}
        )
        work.commit()
    with engine.begin() as db:
        db.execute(text("UPDATE audit SET payload = '', salt = '' WHERE seq = 3"))
    assert verify(begin).is_whole
    page = read_trail(begin, "ben", AuditFilter())
    assert [entry.seq for entry in page.entries if entry.erased] == [3]


# --- handing it out


def exported(begin, about=""):
    lines: list[str] = []
    count = export(begin, lines.append, at=NOON, about=about)
    return count, lines


def test_an_export_holds_every_row_and_verifies(begin):
    count, lines = exported(begin)
    assert (count, len(lines)) == (6, 8)
    found = verify_export(lines, "x")
    assert (found.is_whole, found.rows, found.head) == (True, 6, verify(begin).head)


def test_a_narrowed_one_shows_what_is_about_it_and_proves_its_place(begin):
    head = KnownHead(6, verify(begin).head, "kept")
    count, lines = exported(begin, "C-9")
    shown = [json.loads(line) for line in lines if '"at"' in line and '"seq"' in line]
    assert (count, [row["seq"] for row in shown]) == (1, [2])
    assert "核实" not in "".join(line for line in lines if '"at"' not in line)
    assert verify_export(lines, "x", [head]).is_whole
    assert exported(begin, "C-1")[0] == 3
    assert exported(begin, "C-7")[0] == 0


@pytest.mark.parametrize("about", ["", "C-1"])
def test_an_export_that_was_changed_is_found(begin, about):
    _, lines = exported(begin, about)
    at = next(i for i, line in enumerate(lines) if '"seq":3' in line)
    changed = [*lines[:at], lines[at].replace("核实", "改"), *lines[at + 1 :]]
    assert [(f.flaw, f.seq) for f in verify_export(changed, "x").findings] == [(Flaw.ROW, 3)]
    gone = [*lines[:at], *lines[at + 1 :]]
    assert verify_export(gone, "x").findings[0].flaw is Flaw.MISSING


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [],
        lambda lines: lines[1:],
        lambda lines: lines[:-1],
        lambda lines: ["[]\n", *lines],
        lambda lines: ["x\n", *lines],
        lambda lines: [*lines, lines[1]],
        lambda lines: [*lines[:-1], '{"end":{}}\n'],
        lambda lines: [lines[0], '{"seq":"x"}\n', *lines[1:]],
    ],
)
def test_what_is_no_whole_export_is_refused(begin, change):
    with pytest.raises(ImportRefused):
        verify_export(change(exported(begin)[1]), "x")


# --- reading it


def test_a_page_is_in_words_newest_first_and_goes_on(begin):
    first = read_trail(begin, "ben", AuditFilter(), limit=4)
    assert [entry.seq for entry in first.entries] == [6, 5, 4, 3]
    assert (first.older, first.seq) == (3, 6)
    rest = read_trail(begin, "ben", AuditFilter(), before_seq=first.older, limit=4)
    assert ([entry.seq for entry in rest.entries], rest.older) == ([2, 1], None)
    newest, second = first.entries[0], rest.entries[0]
    assert (newest.actor.zh, newest.action.zh) == ("系统（检测）", "预警触发")
    assert second.details == (("case", "C-9"), ("n", "2"))
    assert rest.entries[1].actor.zh == "本"
    assert dict(first.actors)["account:ben"].zh == "本"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(actor="account:ben"), [5, 3, 1]),
        (AuditFilter(action="case."), [3, 2, 1]),
        (AuditFilter(action="signal.opened"), [6, 5, 4]),
        (AuditFilter(action="%"), []),
        (AuditFilter(object_id="C-0"), [6, 4, 2]),
        (AuditFilter(start=NOON + 2 * MINUTE, end=NOON + 4 * MINUTE), [3, 2]),
        (AuditFilter(actor="account:ben", action="case.", object_id="C-1"), [3, 1]),
    ],
)
def test_a_filter_narrows(begin, wanted, found):
    page = read_trail(begin, "ben", wanted)
    assert [entry.seq for entry in page.entries] == found


def test_who_may_not_read_it_reads_nothing(begin):
    with pytest.raises(NotPermitted):
        read_trail(begin, "li", AuditFilter())
