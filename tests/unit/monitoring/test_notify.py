"""monitoring/notify.py: the relay sends what is due, each mail on its own, and loses none."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from domain.errors import DeliveryError, Text
from domain.keeping import OutboxHold
from domain.outbox import GIVE_UP_AFTER, LONGEST_RETRY, OutboxMail, OutboxState, Rendered
from domain.ports import BeginWork
from monitoring.notify import RelayResult, relay
from tests.fakes import NOON, FixedClock
from tests.fixtures.mails import a_mail


def refused(*, retry: bool, uncertain: bool = False) -> DeliveryError:
    return DeliveryError(Text("被拒", "refused"), retry=retry, uncertain=uncertain)


def away() -> DeliveryError:
    return DeliveryError(Text("无人应答", "nobody answers"), retry=True, away=True)


@dataclass
class Server:
    """A Notifier that answers by a rule and remembers what it accepted."""

    answer: Callable[[OutboxMail], DeliveryError | None] = lambda mail: None
    accepted: list[OutboxMail] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def send(self, mail: OutboxMail) -> None:
        self.asked.append(mail.key)
        error = self.answer(mail)
        if error is None or error.uncertain:
            self.accepted.append(mail)
        if error is not None:
            raise error


@dataclass
class Post:
    """A real outbox, a server and a clock, and the relay between them."""

    begin: BeginWork
    server: Server = field(default_factory=Server)
    clock: FixedClock = field(default_factory=FixedClock)

    def put(self, *mails: OutboxMail) -> None:
        with self.begin() as work:
            for mail in mails:
                assert work.outbox.add(mail)
            work.commit()

    def mail(self, key: str) -> OutboxMail:
        with self.begin() as work:
            mail = work.outbox.get(key)
        assert mail is not None
        return mail

    def claim(self, owner: str, lease: timedelta) -> OutboxMail | None:
        with self.begin() as work:
            mail = work.outbox.claim(owner, self.clock.time, lease)
            work.commit()
        return mail

    def round(self, owner: str = "relay-1", **options: object) -> RelayResult:
        return relay(
            self.begin,
            self.server,
            self.clock,
            owner,
            **options,  # type: ignore[arg-type]
        )

    def state(self, key: str) -> OutboxState:
        return self.mail(key).state


@pytest.fixture
def post(begin) -> Post:
    return Post(begin)


def test_everything_due_is_sent_and_nothing_else(post):
    post.put(a_mail("now"), a_mail("later", next_attempt_at=NOON + timedelta(minutes=1)))
    assert post.round() == RelayResult(sent=1)
    assert post.server.asked == ["now"]
    assert post.mail("now").sent_at == NOON
    assert post.round().attempted == 0


def test_a_refusal_for_now_waits_longer_each_time_and_then_arrives(post):
    post.server.answer = lambda mail: refused(retry=True) if mail.attempts < 4 else None
    post.put(a_mail("m"))
    waits = []
    for _ in range(3):
        assert post.round() == RelayResult(retried=1)
        waits.append(post.mail("m").next_attempt_at - post.clock.time)
        assert post.round().attempted == 0
        post.clock.time = post.mail("m").next_attempt_at
    assert waits == [timedelta(seconds=s) for s in (30, 60, 120)]
    assert post.round() == RelayResult(sent=1)
    assert post.mail("m").last_error == ""


def test_a_refusal_for_good_is_dead_with_its_reason(post):
    post.server.answer = lambda mail: refused(retry=False)
    post.put(a_mail("m"))
    assert post.round() == RelayResult(dead=1)
    assert post.mail("m").last_error == "被拒"
    post.clock.forward(timedelta(days=9))
    assert post.round().attempted == 0


def test_the_reason_is_kept_in_the_language_asked_for(post):
    post.server.answer = lambda mail: refused(retry=False)
    post.put(a_mail("m"))
    post.round(language="en")
    assert post.mail("m").last_error == "refused"


def test_a_mail_in_doubt_is_sent_again_as_one_that_may_repeat(post):
    post.server.answer = lambda mail: (
        refused(retry=True, uncertain=True) if mail.attempts == 1 else None
    )
    post.put(a_mail("m"))
    assert post.round() == RelayResult(uncertain=1)
    assert post.state("m") is OutboxState.UNCERTAIN
    post.clock.forward(timedelta(minutes=1))
    assert post.round() == RelayResult(sent=1)
    assert [mail.may_repeat for mail in post.server.accepted] == [False, True]


def test_a_relay_that_died_leaves_its_mail_to_the_next_as_one_that_may_repeat(post):
    post.put(a_mail("m"))
    lease = timedelta(minutes=2)
    post.claim("dead-relay", lease)
    assert post.round().attempted == 0
    post.clock.forward(lease)
    assert post.round() == RelayResult(sent=1)
    assert post.server.accepted[0].may_repeat


def test_a_lease_lost_while_sending_is_counted_as_lost_and_changes_nothing(post):
    def slow(mail: OutboxMail) -> None:
        if post.server.asked == ["m"]:
            post.clock.forward(timedelta(minutes=3))
            assert post.claim("other", timedelta(minutes=2))

    post.server.answer = slow
    post.put(a_mail("m"))
    assert post.round() == RelayResult(lost=1)
    assert post.mail("m").owner == "other"
    assert post.state("m") is OutboxState.SENDING


def test_after_seventy_two_hours_a_mail_is_given_up_with_its_last_error(post):
    post.server.answer = lambda mail: refused(retry=True)
    post.put(a_mail("m"))
    rounds = 0
    while post.state("m") is not OutboxState.DEAD:
        post.round()
        rounds += 1
        post.clock.time = max(post.mail("m").next_attempt_at, post.clock.time)
        assert rounds < 1000
    assert GIVE_UP_AFTER <= post.clock.time - NOON <= GIVE_UP_AFTER + LONGEST_RETRY
    assert post.mail("m").last_error


def test_a_mail_found_late_is_still_tried_once(post):
    post.put(a_mail("m"))
    post.clock.forward(timedelta(days=10))
    assert post.round() == RelayResult(sent=1)


def test_one_bad_recipient_delays_no_other(post):
    post.server.answer = lambda mail: (
        refused(retry=mail.key == "slow") if mail.recipient == "bad@example.com" else None
    )
    post.put(
        a_mail("slow", recipient="bad@example.com"),
        a_mail("gone", recipient="bad@example.com"),
        *(a_mail(f"good-{n}", recipient=f"r{n}@example.com") for n in range(5)),
    )
    assert post.round() == RelayResult(sent=5, retried=1, dead=1)


def test_within_a_thread_a_recipient_gets_mails_in_order(post):
    post.server.answer = lambda mail: (
        refused(retry=True) if mail.key == "open-a" and mail.attempts < 3 else None
    )
    post.put(
        a_mail("open-a"),
        a_mail("grow-a", thread="open-a", created_at=NOON + timedelta(seconds=1)),
        a_mail("open-b", recipient="b@example.com"),
        a_mail(
            "grow-b",
            recipient="b@example.com",
            thread="open-b",
            created_at=NOON + timedelta(seconds=1),
        ),
    )
    assert post.round() == RelayResult(sent=2, retried=1)
    assert [mail.key for mail in post.server.accepted] == ["open-b", "grow-b"]
    for _ in range(2):
        post.clock.forward(timedelta(minutes=5))
        post.round()
    assert [mail.key for mail in post.server.accepted][2:] == ["open-a", "grow-a"]


def test_a_given_up_opening_does_not_silence_what_follows(post):
    post.server.answer = lambda mail: refused(retry=False) if mail.key == "open" else None
    post.put(a_mail("open"), a_mail("close", thread="open", created_at=NOON + timedelta(hours=1)))
    assert post.round() == RelayResult(sent=1, dead=1)


def test_a_round_ends_at_its_limit(post):
    post.put(*(a_mail(f"m{n}") for n in range(5)))
    assert post.round(limit=2) == RelayResult(sent=2)
    assert post.round() == RelayResult(sent=3)


def test_a_round_ends_in_time_behind_a_server_that_never_answers(post):
    def hang(mail: OutboxMail) -> DeliveryError:
        post.clock.forward(timedelta(seconds=30))
        return refused(retry=True)

    post.server.answer = hang
    post.put(*(a_mail(f"m{n}") for n in range(50)))
    assert post.round(budget=timedelta(minutes=1)) == RelayResult(retried=2)
    assert post.state("m2") is OutboxState.PENDING


MINUTE = timedelta(minutes=1)
RHYTHM = timedelta(seconds=30)
"""How often the scheduler runs the relay."""


@pytest.mark.slow
@pytest.mark.parametrize("takes", [timedelta(seconds=0.05), timedelta(seconds=20)])
def test_after_two_hours_without_a_server_500_alerts_leave_within_five_minutes(post, takes):
    """The server is refused at once, or a black hole; then it takes 50 ms a mail. Each case has an
    opening and three growths: 0 lost, 0 doubled, each case in order.
    """
    back = NOON + timedelta(hours=2)

    def serve(mail: OutboxMail) -> DeliveryError | None:
        if post.clock.time < back:
            post.clock.forward(takes)
            return away()
        post.clock.forward(timedelta(seconds=0.05))
        return None

    post.server.answer = serve
    mails = [
        a_mail(
            f"case-{case}/{step}",
            recipient=f"r{case % 7}@example.com",
            thread=f"case-{case}/0" if step else "",
            created_at=NOON + (case + 125 * step) * timedelta(seconds=14),
            next_attempt_at=NOON + (case + 125 * step) * timedelta(seconds=14),
        )
        for step in range(4)
        for case in range(125)
    ]
    assert (len(mails), max(mail.created_at for mail in mails) < back) == (500, True)
    waiting = list(mails)
    while post.clock.time < back + 5 * MINUTE:
        due = post.clock.time
        while waiting and waiting[0].created_at <= due:
            post.put(waiting.pop(0))
        post.round()
        post.clock.time = max(post.clock.time, due + RHYTHM)
    last = max(post.mail(mail.key).sent_at or NOON + timedelta(days=9) for mail in mails)
    assert last <= back + 5 * MINUTE
    arrived = Counter(mail.key for mail in post.server.accepted)
    assert set(arrived) == {mail.key for mail in mails}
    assert set(arrived.values()) == {1}
    order: dict[str, list[str]] = {}
    for mail in post.server.accepted:
        order.setdefault(mail.key.partition("/")[0], []).append(mail.key.partition("/")[2])
    assert set(map(tuple, order.values())) == {("0", "1", "2", "3")}
    assert all(post.mail(mail.key).attempts <= 125 for mail in mails)


def test_a_server_that_is_away_is_asked_by_one_mail_a_minute(post):
    post.server.answer = lambda mail: away()
    post.put(*(a_mail(f"m{n}", created_at=NOON + n * RHYTHM / 10) for n in range(50)))
    for _ in range(20):
        post.round()
        post.clock.forward(RHYTHM)
    assert len(post.server.asked) == 10


def test_one_way_that_is_closed_holds_up_no_other(post):
    post.server.answer = lambda mail: away() if mail.recipient.startswith("wecom:") else None
    robots = [a_mail(f"r{n}", recipient="wecom:duty") for n in range(2)]
    post.put(*robots, a_mail("mail", created_at=NOON + MINUTE, next_attempt_at=NOON))
    assert post.round() == RelayResult(sent=1, retried=2)
    assert post.server.asked == ["r0", "mail"]


def test_a_mail_that_breaks_its_own_line_holds_up_no_other(post):
    """The server hangs up on this one text: that says nothing about the rest."""
    post.server.answer = lambda mail: refused(retry=True) if mail.key == "poison" else None
    post.put(a_mail("poison"), *(a_mail(f"m{n}", created_at=NOON + MINUTE) for n in range(5)))
    assert post.round() == RelayResult(sent=5, retried=1)


def test_a_held_outbox_sends_nothing_and_says_so(post):
    post.put(a_mail("m"))
    with post.begin() as work:
        work.notes.hold_outbox(OutboxHold(NOON, NOON - MINUTE, "koubei.kbk"))
        work.commit()
    assert post.round() == RelayResult(held=True)
    assert post.server.asked == []
    with post.begin() as work:
        work.notes.release_outbox()
        work.commit()
    assert post.round() == RelayResult(sent=1)


def test_a_rate_limit_names_its_own_wait(post):
    limit = DeliveryError(Text("限流", "limited"), retry=True, wait=timedelta(minutes=10))
    post.server.answer = lambda mail: limit
    post.put(a_mail())
    post.round()
    assert post.mail(a_mail().key).next_attempt_at == post.clock.time + timedelta(minutes=10)


class TestDigests:
    """What waits for one chat group leaves as one message; mail and webhooks stay single."""

    LINK = "https://koubei.example/alerts?id=A-1"

    def messages(self, count, recipient="wecom:room"):
        return [
            a_mail(
                f"m-{number}",
                recipient=recipient,
                rendered=Rendered(f"主题 {number}", f"一句话\n{self.LINK}{number}\n", ""),
                created_at=NOON - timedelta(minutes=1) + timedelta(seconds=number),
            )
            for number in range(count)
        ]

    @pytest.mark.parametrize(
        ("count", "recipient", "sent"),
        [
            (2, "wecom:room", 2),
            (3, "wecom:room", 1),
            (3, "dingtalk:room", 1),
            (3, "feishu:room", 1),
            (3, "webhook:crm", 3),
            (3, "duty@example.com", 3),
            (25, "wecom:room", 2),
        ],
    )
    def test_how_many_messages_leave(self, post, count, recipient, sent):
        mails = self.messages(count, recipient)
        post.put(*mails)
        assert post.round().sent == count
        assert len(post.server.accepted) == sent
        assert {post.state(mail.key) for mail in mails} == {OutboxState.SENT}

    def test_it_names_each_with_its_link_the_newest_first(self, post):
        post.put(*self.messages(3))
        post.round()
        [said] = post.server.accepted
        assert said.rendered.text.splitlines() == [
            line for n in (2, 1, 0) for line in (f"主题 {n}", f"{self.LINK}{n}")
        ]
        assert said.recipient == "wecom:room"

    def test_a_refusal_holds_for_all_of_them(self, post):
        post.server.answer = lambda mail: refused(retry=True)
        mails = self.messages(3)
        post.put(*mails)
        post.round()
        assert {post.state(mail.key) for mail in mails} == {OutboxState.RETRY}

    def test_another_group_is_not_mixed_in(self, post):
        post.put(*self.messages(3), a_mail("m-9", recipient="wecom:hall"))
        post.round()
        assert [mail.recipient for mail in post.server.accepted] == ["wecom:room", "wecom:hall"]
