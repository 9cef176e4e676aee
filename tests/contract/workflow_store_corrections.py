"""What every workflow database does with corrections and notes; a subclass gives `engine`."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.correction import Act, Correction, corrected
from domain.keeping import BackupNote, OutboxHold
from domain.mention import Platform
from domain.model_run import ModelRun, Shift
from domain.ports import BeginWork
from domain.sentiment import Label, Sentiment
from storage.sql.database import begin_work
from tests.fakes import NOON, a_mention
from tests.fixtures.mails import a_mail

MINUTE = timedelta(minutes=1)


def a_correction(native: str = "1", label: Label = Label.NEGATIVE, **act: object) -> Correction:
    model = Sentiment(Label.NEUTRAL, 0.1, 0.6, "model-1")
    mention = a_mention(native, brand_ids=frozenset({"cha"}), sentiment={"": model, "cha": model})
    made = Act(**{"account_id": "u1", "at": NOON, "reason": "反讽", **act})  # type: ignore[arg-type]
    row = corrected(mention, [], label, "cha", made)
    assert row is not None
    return row


class CorrectionStoreContract:
    @pytest.fixture
    def begin(self, engine: Engine) -> BeginWork:
        return begin_work(engine)

    def test_an_act_comes_back_as_it_was_with_its_number(self, begin: BeginWork) -> None:
        with begin() as work:
            first = work.corrections.add(a_correction())
            second = work.corrections.add(a_correction(label=Label.POSITIVE))
            work.corrections.add(a_correction("2"))
            work.commit()
        with begin() as work:
            assert work.corrections.of("weibo:1") == [first, second]
            assert work.corrections.of("weibo:9") == []
        assert 0 < first.seq < second.seq

    def test_an_act_waits_until_its_mention_shows_it(self, begin: BeginWork) -> None:
        with begin() as work:
            first = work.corrections.add(a_correction("2"))
            work.corrections.add(a_correction("1"))
            later = work.corrections.add(a_correction("2", Label.POSITIVE))
            assert work.corrections.unprojected(10) == ["weibo:2", "weibo:1"]
            assert work.corrections.unprojected(1) == ["weibo:2"]
            work.corrections.mark_projected("weibo:2", first.seq)
            assert work.corrections.unprojected(10) == ["weibo:1", "weibo:2"]
            work.corrections.mark_projected("weibo:2", later.seq)
            assert work.corrections.unprojected(10) == ["weibo:1"]
            assert work.corrections.project_all_again() == 3
            assert work.corrections.unprojected(10) == ["weibo:2", "weibo:1"]

    def test_acts_are_found_by_time_and_by_bulk(self, begin: BeginWork) -> None:
        with begin() as work:
            name = work.corrections.next_batch()
            assert name != work.corrections.next_batch()
            old = work.corrections.add(a_correction("1", at=NOON - MINUTE))
            new = work.corrections.add(a_correction("2", batch=name))
            assert work.corrections.between(NOON - MINUTE, NOON) == [old]
            assert work.corrections.between(NOON, NOON + MINUTE) == [new]
            assert work.corrections.of_batch(name) == [new]

    def test_a_label_given_unseen_is_told_apart(self, begin: BeginWork) -> None:
        with begin() as work:
            plain = work.corrections.add(a_correction("1"))
            unseen = work.corrections.add(a_correction("2", sampled=True))
            work.commit()
        with begin() as work:
            assert work.corrections.between(NOON, NOON + MINUTE) == [plain, unseen]
        assert (plain.sampled, unseen.sampled) == (False, True)

    def test_runs_of_the_model_count_up_and_tell_how_far_they_are(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.model_runs.current() is None
            assert work.model_runs.number_of("a") == 0
            for model in ("a", "b", "a"):
                number = work.model_runs.next_number()
                work.model_runs.add(ModelRun(number, model, "m", NOON))
            work.commit()
        far = ModelRun(
            run=3,
            model_id="a",
            method="m",
            began_at=NOON,
            since=NOON - 9 * MINUTE,
            reached=NOON - MINUTE,
            total=10,
            seen=5,
            changed=2,
            left=1,
            shifts=(Shift("cha", Platform.WEIBO, 1, 3),),
            swept_at=NOON,
            rederives=True,
        )
        with begin() as work:
            work.model_runs.save(far)
            work.commit()
        with begin() as work:
            assert work.model_runs.current() == far
            assert [run.model_id for run in work.model_runs.all()] == ["a", "b", "a"]
            assert work.model_runs.number_of("a") == 3
            assert work.model_runs.number_of("b") == 2

    def test_a_held_outbox_gives_no_mail_until_it_is_released(self, begin: BeginWork) -> None:
        hold = OutboxHold(NOON, NOON - MINUTE, "koubei-1.kbk")
        with begin() as work:
            work.outbox.add(a_mail("m"))
            work.notes.hold_outbox(hold)
            work.commit()
        with begin() as work:
            assert work.notes.outbox_hold() == hold
            assert work.outbox.claim("relay", NOON, MINUTE) is None
            work.notes.release_outbox()
            assert work.notes.outbox_hold() is None
            assert work.outbox.claim("relay", NOON, MINUTE) is not None

    def test_the_newest_backup_replaces_the_one_before(self, begin: BeginWork) -> None:
        older = BackupNote("a", "/b", NOON, True, 10, 1.5, 7, "f" * 64)
        newer = BackupNote("b", "/b", NOON + MINUTE, False, 20, 2.5, 8, "e" * 64)
        with begin() as work:
            assert work.notes.last_backup() is None
            work.notes.note_backup(older)
            work.notes.note_backup(newer)
            assert work.notes.last_backup() == newer
