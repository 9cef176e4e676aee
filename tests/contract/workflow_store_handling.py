"""What every workflow database has to do for signals in people's hands, silences and reminders."""

from dataclasses import replace
from datetime import timedelta

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from domain.brand import Level
from domain.errors import VersionConflict
from domain.mention import Platform
from domain.outbox import OutboxMail, OutboxState, Rendered, Told
from domain.ports import BeginWork
from domain.signal import Figures, Rule, Signal, SignalState
from domain.silence import Silence, SilenceScope
from storage.sql.columns import storable
from storage.sql.database import begin_work, migrate, open_database
from storage.sql.schema import _alembic
from storage.sql.signals import _to_row
from storage.sql.tables import signals
from tests.fakes import NOON
from tests.fixtures.strategies import values_of

HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=1)


def a_silence(number: int = 1, **changes: object) -> Silence:
    silence = Silence(
        id=f"S-20261120-{number:02d}",
        scope=SilenceScope(brand_id="cha"),
        author_id="lead",
        reason="周年活动",
        starts_at=NOON,
        ends_at=NOON + number * HOUR,
    )
    return replace(silence, **changes)  # type: ignore[arg-type]


def _signal(number: int, **changes: object) -> Signal:
    signal = Signal(
        id=f"A-20261120-{number:02d}",
        key=f"key-{number}",
        brand_id="cha",
        rule=Rule.NEGATIVE_SPIKE,
        level=Level.ORANGE,
        state=SignalState.OPEN,
        onset_at=NOON,
        opened_at=NOON + number * HOUR,
        updated_at=NOON,
        figures=Figures(40, 50),
        peak_observed=40,
        alerted_observed=40,
        platforms=(Platform.WEIBO,),
        watch_ids=(),
    )
    return replace(signal, **changes)  # type: ignore[arg-type]


def _mail(number: int, **changes: object) -> OutboxMail:
    mail = OutboxMail(
        key=f"m-{number}",
        recipient="duty@example.com",
        rendered=Rendered("s", "t", "h"),
        created_at=NOON + timedelta(seconds=number),
        next_attempt_at=NOON,
        signal_id="A-1",
        epoch=1,
    )
    return replace(mail, **changes)  # type: ignore[arg-type]


class HandlingContract:
    """Silences, open signals, and who was told."""

    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[
            HealthCheck.differing_executors,
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
        ],
    )
    @given(silence=values_of(Silence))
    def test_any_silence_comes_back(self, begin: BeginWork, silence: Silence) -> None:
        silence = replace(silence, id="S-1", version=3)
        with begin() as work:
            work.silences.add(silence)
            stored = work.silences.get("S-1")
            assert stored == _as_stored(silence)

    def test_a_silence_changes_only_from_the_version_that_was_read(self, begin: BeginWork) -> None:
        with begin() as work:
            work.silences.add(a_silence())
            ended = work.silences.save(a_silence(ended_at=NOON + HOUR, ended_by="lead"))
            assert ended.version == 1
            assert work.silences.get(ended.id) == ended
            with pytest.raises(VersionConflict) as late:
                work.silences.save(a_silence())
            assert (late.value.expected, late.value.found) == (0, 1)
            with pytest.raises(VersionConflict):
                work.silences.add(a_silence())
            with pytest.raises(VersionConflict) as none:
                work.silences.save(a_silence(2))
            assert none.value.found == -1

    def test_a_silence_holds_from_its_start_to_its_end_or_until_it_is_ended(
        self, begin: BeginWork
    ) -> None:
        with begin() as work:
            work.silences.add(a_silence(2))
            work.silences.add(a_silence(1))
            work.silences.add(a_silence(3, ended_at=NOON + HOUR))
            work.silences.add(a_silence(4, starts_at=NOON + HOUR))
            held = {
                after: [s.id[-2:] for s in work.silences.holding(NOON + after * HOUR)]
                for after in (-1, 0, 1, 2, 4)
            }
            assert held == {-1: [], 0: ["01", "02", "03"], 1: ["02", "04"], 2: ["04"], 4: []}
            assert [s.id[-2:] for s in work.silences.recent(2)] == ["04", "03"]

    def test_an_end_is_told_once_and_not_of_one_that_was_ended(self, begin: BeginWork) -> None:
        with begin() as work:
            work.silences.add(a_silence(1))
            work.silences.add(a_silence(2, ended_at=NOON + HOUR))
            work.silences.add(a_silence(3))
            [over] = work.silences.untold_ends(NOON + HOUR)
            assert over == a_silence(1)
            work.silences.save(replace(over, expiry_told=True))
            assert work.silences.untold_ends(NOON + 2 * HOUR) == []

    def test_silences_are_numbered_by_day(self, begin: BeginWork) -> None:
        with begin() as work:
            ids = [work.silences.next_id(day) for day in ("20261120", "20261120", "20261121")]
        assert ids == ["S-20261120-01", "S-20261120-02", "S-20261121-01"]

    def test_unclosed_signals_of_all_brands_oldest_first(self, begin: BeginWork) -> None:
        with begin() as work:
            work.signals.add(_signal(3, brand_id="other"))
            work.signals.add(_signal(1, state=SignalState.ACKNOWLEDGED))
            work.signals.add(_signal(2, state=SignalState.CLOSED))
            assert [s.id[-2:] for s in work.signals.unclosed()] == ["01", "03"]
            assert [s.id[-2:] for s in work.signals.of_brand("cha")] == ["02", "01"]
            assert [s.id[-2:] for s in work.signals.of_brand("cha", 1)] == ["02"]

    def test_who_was_told_comes_back_without_the_words(self, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(_mail(1))
            work.outbox.add(_mail(2, kind="reminder", recipient="wecom:room", epoch=2))
            work.outbox.add(_mail(3, signal_id="A-2"))
            told = work.outbox.told("A-1")
        at = NOON + timedelta(seconds=1)
        assert told[0] == Told("m-1", "duty@example.com", "alert", 1, at, OutboxState.PENDING)
        assert [(t.recipient, t.kind, t.epoch) for t in told[1:]] == [("wecom:room", "reminder", 2)]

    def test_what_waits_for_quiet_hours_is_hastened_by_what_is_urgent(
        self, begin: BeginWork
    ) -> None:
        morning = NOON + 8 * HOUR
        with begin() as work:
            work.outbox.add(_mail(1, next_attempt_at=morning))
            work.outbox.add(_mail(2, thread="m-1"))
            work.outbox.add(_mail(3, next_attempt_at=morning))
            assert work.outbox.claim("relay", NOON, LEASE) is None, "it waits for the first"
            assert work.outbox.hasten("m-1", NOON) == 1
            first = work.outbox.claim("relay", NOON, LEASE)
            assert first is not None
            assert first.key == "m-1"
            assert work.outbox.claim("relay", NOON, LEASE) is None

    def test_a_retry_is_not_hastened(self, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(_mail(1, state=OutboxState.RETRY, next_attempt_at=NOON + HOUR))
            assert work.outbox.hasten("m-1", NOON) == 0

    def test_mails_of_one_recipient_can_be_claimed_alone(self, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(_mail(1))
            work.outbox.add(_mail(2, recipient="wecom:room"))
            claimed = work.outbox.claim("relay", NOON, LEASE, recipient="wecom:room")
            assert claimed is not None
            assert claimed.key == "m-2"
            assert work.outbox.claim("relay", NOON, LEASE, recipient="wecom:room") is None

    def test_signals_from_before_are_kept_and_untouched_by_people(self, database_url: str) -> None:
        engine = open_database(database_url)
        with engine.begin() as db:
            command.upgrade(_alembic(db), "0003")
        old = _signal(1)
        columns = [
            "id", "key", "version", "brand_id", "rule", "level", "state", "onset_at", "opened_at",
            "updated_at", "epoch", "peak_observed", "alerted_observed", "one_text_wave", "figures",
            "platforms", "alerted_platforms", "platform_counts", "watch_ids", "first_post",
            "top_posts", "terms",
        ]  # fmt: skip
        values = {name: value for name, value in _to_row(old).items() if name in columns}
        kinds = {name: signals.c[name].type for name in columns}
        with engine.begin() as db:
            bound = {
                name: kinds[name].dialect_impl(db.dialect).bind_processor(db.dialect)
                for name in columns
            }
            row = {n: (bound[n](v) if bound[n] else v) for n, v in values.items()}
            names = ", ".join(columns)
            marks = ", ".join(f":{name}" for name in columns)
            db.execute(text(f"INSERT INTO signals ({names}) VALUES ({marks})"), row)  # noqa: S608
        migrate(engine)
        with begin_work(engine)() as work:
            assert work.signals.get(old.id) == old
        engine.dispose()


def _as_stored(silence: Silence) -> Silence:
    scope = silence.scope
    return replace(
        silence,
        author_id=storable(silence.author_id),
        reason=storable(silence.reason),
        ended_by=storable(silence.ended_by),
        scope=replace(
            scope, brand_id=storable(scope.brand_id), signal_key=storable(scope.signal_key)
        ),
    )
