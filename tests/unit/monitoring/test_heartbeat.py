"""A sign of life only while detection and mail do their work."""

import http.server
import json
import os
import socket
import stat
import threading
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from domain.audit import KnownHead
from domain.crawl import SlotState
from domain.errors import CrawlError, StoreError, StoreUnavailable
from monitoring.audit_trail import head_of_heartbeat
from monitoring.heartbeat import beat
from tests.fakes import NOON

LEASE = timedelta(minutes=1)


def end(begin, job, at, state):
    with begin() as work:
        work.slots.ensure(job, at)
        slot = work.slots.claim("me", at, LEASE, [job])
        work.slots.finish(slot, "me", at, state, {})
        work.commit()


def done(begin, job, at):
    end(begin, job, at, SlotState.DONE)


def test_the_file_says_when(begin, tmp_path):
    done(begin, "detect", NOON)
    beat(begin, NOON, file=tmp_path / "deep" / "beat", url=None)
    assert json.loads((tmp_path / "deep" / "beat").read_text())["at"] == NOON.isoformat()


def test_a_service_in_its_first_minute_lives(begin, tmp_path):
    beat(begin, NOON, file=tmp_path / "beat", url=None)
    assert (tmp_path / "beat").exists()


@pytest.mark.parametrize("job", ["detect", "relay"])
def test_it_is_withheld_when_the_work_that_matters_stopped(begin, tmp_path, job):
    done(begin, job, NOON - timedelta(minutes=30))
    with pytest.raises(CrawlError, match=job):
        beat(begin, NOON, file=tmp_path / "beat", url=None)
    assert not (tmp_path / "beat").exists()


def test_work_that_hangs_is_no_sign_of_life(begin, tmp_path):
    with begin() as work:
        work.slots.ensure("detect", NOON - timedelta(hours=1))
        work.slots.claim("me", NOON - timedelta(hours=1), LEASE, ["detect"])
        work.commit()
    with pytest.raises(CrawlError, match="detect"):
        beat(begin, NOON, file=tmp_path / "beat", url=None)


def test_work_that_fails_each_time_is_no_sign_of_life(begin, tmp_path):
    for minutes in range(0, 30, 5):
        at = NOON + timedelta(minutes=minutes)
        end(begin, "detect", at, SlotState.FAILED)
    with pytest.raises(CrawlError, match="detect"):
        beat(begin, at, file=tmp_path / "beat", url=None)


def test_work_that_hangs_while_its_next_slots_come_due_is_no_sign_of_life(begin, tmp_path):
    with begin() as work:
        work.slots.ensure("detect", NOON)
        work.slots.claim("me", NOON, LEASE, ["detect"])
        for minutes in range(5, 30, 5):
            work.slots.ensure("detect", NOON + timedelta(minutes=minutes))
        work.commit()
    with pytest.raises(CrawlError, match="detect"):
        beat(begin, NOON + timedelta(minutes=26), file=tmp_path / "beat", url=None)


def test_a_folder_that_cannot_be_written_is_told_as_such(begin, tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(StoreUnavailable, match="heartbeat file"):
        beat(begin, NOON, file=tmp_path / "taken" / "beat", url=None)


class _Watchdog(http.server.BaseHTTPRequestHandler):
    pings = 0

    def do_GET(self):
        type(self).pings += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_watchdogs_address_is_pinged_and_a_dead_one_is_an_error(begin, tmp_path):
    server = http.server.HTTPServer(("127.0.0.1", 0), _Watchdog)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    try:
        assert beat(begin, NOON, file=tmp_path / "beat", url=url)["pinged"] is True
        assert _Watchdog.pings == 1
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    with pytest.raises(CrawlError, match="does not answer"):
        beat(begin, NOON, file=tmp_path / "beat", url=url)
    assert (tmp_path / "beat").exists(), "the file does not depend on the net"


def test_the_file_can_be_read_by_a_watchdog_and_follows_no_link(begin, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("kept")
    for name in ("beat", ".beat.part"):
        (tmp_path / name).symlink_to(victim)
    before = os.umask(0o077)
    try:
        beat(begin, NOON, file=tmp_path / "beat", url=None)
    finally:
        os.umask(before)
    assert victim.read_text() == "kept"
    assert stat.S_IMODE((tmp_path / "beat").stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.glob("*beat*")) == [".beat.part", "beat"]


def test_a_watchdog_that_answers_nonsense_is_an_error_of_ours(begin, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            line, _ = server.accept()
            with line:
                line.recv(4096)
                line.sendall(b"nonsense\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(CrawlError, match="does not answer"):
            beat(begin, NOON, file=tmp_path / "beat", url=url)
        answering.join()


def note(begin, reason):
    with begin() as work:
        row = work.audit.append(
            at=NOON, actor="t", action="t", object_id="", reason=reason, payload={}
        )
        work.commit()
    return row


def test_it_remembers_the_head_of_the_trail_outside_of_the_database(begin, tmp_path):
    for reason in ("one", "two"):
        row = note(begin, reason)
        told = beat(begin, NOON, file=tmp_path / "beat", url=None)
        assert (told["audit_seq"], told["audit_head"]) == (row.seq, row.row_hash)
        assert head_of_heartbeat(tmp_path / "beat") == KnownHead(
            row.seq, row.row_hash, str(tmp_path / "beat")
        )


def test_a_trail_that_lost_what_it_remembers_withholds_it(begin, tmp_path):
    note(begin, "one")
    beat(begin, NOON, file=tmp_path / "beat", url=None)
    content = json.loads((tmp_path / "beat").read_text())
    for other in ({"audit_seq": 2}, {"audit_head": "f" * 64}):
        (tmp_path / "beat").write_text(json.dumps({**content, **other}))
        with pytest.raises(StoreError, match="not what the heartbeat file remembers"):
            beat(begin, NOON, file=tmp_path / "beat", url=None)


@pytest.mark.parametrize("content", ["{}", '{"at": "2026-11-20", "pid": 7}'])
def test_a_file_of_an_older_program_remembers_nothing(begin, tmp_path, content):
    (tmp_path / "beat").write_text(content)
    assert head_of_heartbeat(tmp_path / "beat") is None
    assert head_of_heartbeat(tmp_path / "none") is None
    beat(begin, NOON, file=tmp_path / "beat", url=None)


@pytest.mark.parametrize(
    "content", ["", "[]", "\x00", '{"audit_seq": "x", "audit_head": ""}', '{"audit_seq": 1,']
)
def test_a_damaged_file_is_said_to_be_and_written_anew(begin, tmp_path, content):
    file = tmp_path / "beat"
    file.write_text(content)
    with pytest.raises(StoreError, match="damaged"):
        head_of_heartbeat(file)
    with capture_logs() as logs:
        beat(begin, NOON, file=file, url=None)
    assert [line["event"] for line in logs] == ["heartbeat_file_unreadable"]
    assert head_of_heartbeat(file) is not None
