"""kill -9 of the relay while mails go out: none is missing, and a double is the same mail."""

import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from domain.outbox import OutboxState, Rendered
from storage.sql.database import begin_work, migrate, open_database
from tests.fixtures.mails import a_mail
from tests.fixtures.smtp import Faults, mail_server

pytestmark = pytest.mark.integration

MAILS, KILLS = 200, 20
ROOT = Path(__file__).resolve().parents[2]


def start_relay(url: str, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.fixtures.relay_process", url, str(port)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def fill(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    with begin_work(engine)() as work:
        for number in range(MAILS):
            thread = "" if number % 4 == 0 else f"m{number - number % 4}"
            recipient = f"r{number // 4}@example.com"
            text = Rendered(f"subject {number}", "text", "<body></body>")
            mail = a_mail(f"m{number}", recipient=recipient, thread=thread, rendered=text)
            assert work.outbox.add(mail)
        work.commit()
    engine.dispose()


@pytest.mark.timeout(200)
def test_twenty_kills_lose_no_mail_and_every_double_has_the_same_id(tmp_path, capsys):
    url = f"sqlite:///{tmp_path / 'workflow.db'}"
    fill(url)
    chance = random.Random(7)
    faults = Faults(pause=0.004)
    kills = 0
    with mail_server(faults) as port:
        while kills < KILLS:
            seen = len(faults.accepted)
            process = start_relay(url, port)
            goal = seen + chance.randint(1, 2 * (MAILS - seen) // (KILLS - kills) - 1 or 1)
            while len(faults.accepted) < goal and process.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.012))
            assert process.poll() is None, "all was sent before the last kill"
            process.kill()
            process.wait()
            kills += 1
        assert start_relay(url, port).wait(timeout=60) == 0

    copies = defaultdict(list)
    for item in faults.accepted:
        copies[str(item.message["Subject"])].append(item.message)
    doubles = [messages for messages in copies.values() if len(messages) > 1]
    assert set(copies) == {f"subject {number}" for number in range(MAILS)}
    assert len(doubles) <= KILLS
    for messages in copies.values():
        assert len({message["Message-ID"] for message in messages}) == 1
        assert all(message["X-Koubei-Possible-Duplicate"] for message in messages[1:])
    firsts = [int(subject.removeprefix("subject ")) for subject in copies]
    for thread in range(0, MAILS, 4):
        assert [n for n in firsts if n // 4 == thread // 4] == list(range(thread, thread + 4))
    with begin_work(open_database(url))() as work:
        assert work.outbox.counts()[OutboxState.SENT] == MAILS
    with capsys.disabled():
        told = f"{len(faults.accepted)} arrived, 0 missing, {len(doubles)} doubled"
        sys.stdout.write(f"\n{MAILS} mails, {kills} kills: {told}\n")
