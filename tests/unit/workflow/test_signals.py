from dataclasses import replace
from datetime import timedelta

import pytest

from domain.alert import AlertContext, MailStage
from domain.brand import Level, LevelClocks, Recipient
from domain.errors import VersionConflict
from domain.mention import Platform
from domain.outbox import Rendered
from domain.signal import Figures, Rule, Signal, SignalState, signal_key
from tests.fakes import NOON
from tests.unit.monitoring.fakes import Database
from workflow.signals import (
    close_signal,
    grow_signal,
    open_signal,
    recipients_for,
    told_recipients,
    update_signal,
)

LATER = NOON + timedelta(hours=1)
CONTEXT = AlertContext(
    "云栈奶茶", ("云栈",), "balanced", "Asia/Shanghai", "https://k", LevelClocks(), (), NOON
)
LEAD = Recipient("lead", "李值班", "lead@example.org")
BOSS = Recipient("boss", "王总", "boss@example.org", min_level=Level.ORANGE)
OTHER = Recipient("other", "赵", "other@example.org", brand_ids=("other",))
EVERYBODY = (LEAD, BOSS, OTHER)


def a_signal(**changes):
    fields = {
        "id": "A-20261120-01",
        "key": signal_key("cha", Rule.NEGATIVE_SPIKE, NOON),
        "brand_id": "cha",
        "rule": Rule.NEGATIVE_SPIKE,
        "level": Level.YELLOW,
        "state": SignalState.OPEN,
        "onset_at": NOON,
        "opened_at": NOON,
        "updated_at": NOON,
        "figures": Figures(40, 50, mean=3.0),
        "peak_observed": 40,
        "alerted_observed": 40,
        "platforms": (Platform.WEIBO,),
        "watch_ids": ("w",),
        **changes,
    }
    return Signal(**fields)


def render(signal, stage, context, recipient):
    return Rendered(f"{stage.value} {signal.epoch} {recipient.id}", "", "")


def perform(database, act, signal, recipients=EVERYBODY, **more):
    work = database.begin()
    result = act(
        work,
        signal,
        recipients=recipients,
        context=CONTEXT,
        render=render,
        reason="because",
        **more,
    )
    work.commit()
    return result


def subjects(database):
    return [mail.rendered.subject for mail in database.mails.values()]


@pytest.mark.parametrize(
    ("level", "told"),
    [(Level.RED, ["lead", "boss"]), (Level.ORANGE, ["lead", "boss"]), (Level.YELLOW, ["lead"])],
)
def test_who_is_told_depends_on_brand_and_level(level, told):
    assert [r.id for r in recipients_for(a_signal(level=level), EVERYBODY)] == told


def test_opening_stores_signal_audit_and_mail_together():
    database = Database()
    work = database.begin()
    open_signal(
        work, a_signal(), recipients=EVERYBODY, context=CONTEXT, render=render, reason="because"
    )
    assert (database.signals, database.mails, database.audit) == ({}, {}, [])

    work.commit()

    assert list(database.signals) == ["A-20261120-01"]
    assert subjects(database) == ["opening 1 lead"]
    (row,) = database.audit
    assert (row["action"], row["actor"], row["reason"]) == (
        "signal.opened",
        "system:detector",
        "because",
    )
    assert row["payload"]["observed"] == 40


def test_a_key_that_is_taken_is_a_conflict():
    database = Database()
    perform(database, open_signal, a_signal())

    with pytest.raises(VersionConflict):
        perform(database, open_signal, a_signal(id="A-20261120-02"))


def test_growth_tells_those_who_knew_and_those_whom_the_level_now_reaches():
    database = Database()
    signal = perform(database, open_signal, a_signal())

    grown = perform(database, grow_signal, replace(signal, level=Level.RED), at=LATER)

    assert (grown.epoch, grown.version, grown.updated_at) == (2, 1, LATER)
    assert subjects(database) == ["opening 1 lead", "update 2 lead", "update 2 boss"]
    opening, update, first_of_boss = database.mails.values()
    assert (opening.thread, update.thread, first_of_boss.thread) == ("", opening.key, "")
    assert [mail.epoch for mail in database.mails.values()] == [1, 2, 2]


def test_closing_tells_everybody_who_was_ever_told_even_if_removed_since():
    database = Database()
    signal = perform(database, open_signal, a_signal())
    signal = perform(database, grow_signal, replace(signal, level=Level.RED), at=LATER)

    closed = perform(database, close_signal, signal, recipients=(OTHER,), at=LATER)

    assert (closed.state, closed.closed_at, closed.epoch) == (SignalState.CLOSED, LATER, 3)
    assert subjects(database)[-2:] == [
        f"{MailStage.CLOSING.value} 3 {LEAD.address}",
        f"{MailStage.CLOSING.value} 3 {BOSS.address}",
    ]
    assert [row["action"] for row in database.audit][-1] == "signal.closed"


def test_an_update_tells_nobody_and_is_refused_when_stale():
    database = Database()
    signal = perform(database, open_signal, a_signal())
    work = database.begin()
    update_signal(work, replace(signal, peak_observed=50), LATER)
    work.commit()

    assert subjects(database) == ["opening 1 lead"]
    with pytest.raises(VersionConflict):
        update_signal(database.begin(), signal, LATER)


def test_nobody_is_told_twice_of_the_same_epoch():
    database = Database()
    signal = perform(database, open_signal, a_signal(), recipients=(LEAD, LEAD))

    assert subjects(database) == ["opening 1 lead"]
    assert told_recipients(database.begin(), signal, EVERYBODY) == [LEAD]
