"""The writer of the embedded store is killed at random moments; nothing acknowledged is lost."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from domain.mention import Flag, Mention
from domain.queries import Bucket, MentionFilter
from domain.sentiment import WHOLE_TEXT, Label, Sentiment
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, a_mention

pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("KOUBEI_TEST_KILLS", "20"))
ROOT = Path(__file__).resolve().parents[2]
WRITER = "tests.integration.test_sqlite_mentions_killed"
ALL = MentionFilter(public_voice_only=False)


def looks(seed: int) -> Iterator[list[Mention]]:
    """Batches of new mentions mixed with later looks at old ones, without end."""
    chance = random.Random(seed)
    for round_number in count():
        yield [
            look(chance.randrange(round_number * 60 + 60), chance, round_number)
            for _ in range(chance.randrange(1, 120))
        ]


def look(number: int, chance: random.Random, round_number: int) -> Mention:
    """One look at one of the mentions."""
    return a_mention(
        str(number),
        text=f"第{number}条 " + "奶茶难喝" * chance.randrange(4),
        published_at=NOON - timedelta(minutes=number % 5000),
        collected_at=NOON + timedelta(seconds=round_number),
        first_seen_at=NOON + timedelta(seconds=round_number),
        likes=chance.randrange(50),
        brand_ids=frozenset({"cha"}) if number % 3 else frozenset(),
        sentiment={WHOLE_TEXT: Sentiment(chance.choice(list(Label)), 0.0, 0.5, "m")},
        flags=frozenset({Flag.SPAM}) if chance.random() < 0.1 else frozenset(),
    )


def write_for_ever(path: Path, seed: int) -> None:
    """Add, amend and remove until killed; say what is done only after the store said so."""
    store = SqliteMentionStore(path)
    chance = random.Random(seed)
    for batch in looks(seed):
        result = store.add(batch)
        tell("+", *result.new, *result.changed, *result.unchanged)
        chosen = chance.choice(batch).id
        store.amend(chosen, lambda mention: replace(mention, cluster_id="weibo:0"))
        if chance.random() < 0.2:
            tell("?", chosen)
            store.remove([chosen])
            tell("-", chosen)


def tell(sign: str, *ids: str) -> None:
    """Print one whole line at once."""
    os.write(1, f"{sign} {' '.join(ids)}\n".encode())


def expected_ids(log: Path, known: set[str], doubtful: set[str]) -> None:
    """Follow what a writer acknowledged; a half line at the end was not acknowledged."""
    for line in log.read_text().split("\n")[:-1]:
        sign, *ids = line.split()
        if sign == "+":
            known.update(ids)
            doubtful.difference_update(ids)
        elif sign == "?":
            doubtful.update(ids)
        else:
            known.difference_update(ids)


def check(path: Path, known: set[str], doubtful: set[str]) -> None:
    """Compare the file with what was acknowledged, and its counts with its rows."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # raises when the index is not consistent in itself
        connection.execute("INSERT INTO gram (gram) VALUES ('integrity-check')")
    connection.close()
    store = SqliteMentionStore(path)
    stored = {mention.id: mention for mention in store.scan(ALL)}
    missing = known - stored.keys() - doubtful
    assert not missing
    for brand in (None, "cha"):
        window = MentionFilter(brand, start=NOON - timedelta(days=9), end=NOON + timedelta(days=1))
        points = store.timeline(window, Bucket.HOUR)
        recount = Counter(
            (mention.published_at.replace(minute=0, second=0), mention.label_towards(brand or ""))
            for mention in stored.values()
            if mention.is_public_voice and (brand is None or brand in mention.brand_ids)
        )
        assert {(point.start, point.label): point.count for point in points} == recount
        for word in ("难喝", "茶难", "第1条"):
            found = store.count(replace(ALL, brand_id=brand, words=(word,)))
            assert found == sum(
                word in mention.text and (brand is None or brand in mention.brand_ids)
                for mention in stored.values()
            )
    store.close()


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path):
    path = tmp_path / "mentions.db"
    chance = random.Random(20261121)
    known: set[str] = set()
    doubtful: set[str] = set()
    for kill in range(KILLS):
        log = tmp_path / f"writer-{kill}.log"
        with log.open("wb") as output:
            writer = subprocess.Popen(
                [sys.executable, "-m", WRITER, str(path), str(kill)],
                stdout=output,
                cwd=ROOT,
            )
            wait_until_it_writes(log, writer)
            time.sleep(chance.uniform(0.0, 0.25))
            writer.send_signal(signal.SIGKILL)
            assert writer.wait(timeout=30) == -signal.SIGKILL
        expected_ids(log, known, doubtful)
        check(path, known, doubtful)
    assert len(known) > KILLS * 10


def wait_until_it_writes(log: Path, writer: subprocess.Popen) -> None:
    """Wait for the first acknowledged batch; a writer that ended by itself failed."""
    deadline = time.monotonic() + 60
    while not log.stat().st_size:
        assert writer.poll() is None, "the writer ended by itself"
        assert time.monotonic() < deadline, "the writer did not begin within a minute"
        time.sleep(0.01)


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
