"""`python -m demo`: prints the addresses as one JSON line, then serves until it is told to stop.

It stops on SIGTERM, on SIGINT, and when a pipe on standard input closes (its parent died).
"""

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from demo.clock import DemoClock
from demo.platforms.login import SCANNED_AFTER
from demo.platforms.weibo import PAGE_CEILING
from demo.server import DemoServer, OpenDemo, forbid_programs, open_demo, sites
from demo.world import World, build_uniform_world, build_world
from domain.times import CHINA


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit code (0 stopped as asked, 1 a port is taken)."""
    options = arguments_parser().parse_args(arguments)
    clock = DemoClock(options.now, frozen=options.frozen)
    born = options.born or options.now
    world = _world(options, born)
    ceiling = None if options.mentions else PAGE_CEILING
    try:
        named = sites(
            world,
            clock,
            page_ceiling=ceiling,
            walls=options.walls,
            scanned_after=options.scanned_after if options.scanned_after >= 0 else None,
        )
        if options.forbid_robots:
            forbid_programs(named)
        demo = open_demo(named, port=options.port)
    except OSError as error:
        sys.stderr.write(f"demo: {error}; mend: another --port, or 0 for free ones\n")
        return 1
    first_line = {**demo.urls, "now": options.now.isoformat(), "born": born.isoformat()}
    asyncio.run(_serve(demo, json.dumps(first_line | {"seed": options.seed})))
    return 0


async def _serve(demo: OpenDemo, first_line: str) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, demo.server.stop)
    if sys.stdin is not None and _is_pipe(sys.stdin.fileno()):
        loop.add_reader(sys.stdin.fileno(), _drain, loop, demo.server)
    # The sockets already listen: who connects from now on is answered.
    sys.stdout.write(f"{first_line}\n")
    sys.stdout.flush()
    await demo.serve()


def _drain(loop: asyncio.AbstractEventLoop, server: DemoServer) -> None:
    if not os.read(sys.stdin.fileno(), 65_536):
        loop.remove_reader(sys.stdin.fileno())
        server.stop()


def _is_pipe(descriptor: int) -> bool:
    """A terminal or /dev/null never tells that a parent died; a pipe and a socket do."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _world(options: argparse.Namespace, born: datetime) -> World:
    if options.mentions:
        return build_uniform_world(options.seed, born, days=options.days, count=options.mentions)
    return build_world(
        options.seed, born, days=options.days, crisis_hours_ago=options.crisis_hours_ago
    )


def arguments_parser() -> argparse.ArgumentParser:
    """Return the reader of the command line; docs/demo.md names each of its options."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="An invented tea company and what is said about it."
    )
    add = parser.add_argument
    add(
        "--port", type=_between(0, 65_530), default=0, help="first of five ports; 0 takes free ones"
    )
    add("--seed", type=int, default=7, help="another seed, other people and words (default 7)")
    add("--now", type=_moment, default="real", help="the demo's time at start: ISO 8601 or `real`")
    add("--born", type=_moment, help="when the world was made (default: --now); a restart gives it")
    add(
        "--days",
        type=_between(1, 366),
        default=8,
        help="how far back the world reaches (default 8)",
    )
    add("--crisis-hours-ago", type=float, default=6.0, help="before birth; negative: still to come")
    add("--mentions", type=_between(0, 90_000), default=0, help="instead: so many even Weibo posts")
    add("--forbid-robots", action="store_true", help="every robots.txt forbids all programs")
    add("--walls", action="store_true", help="every site answers only who is logged in")
    add(
        "--scanned-after",
        type=float,
        default=SCANNED_AFTER,
        help="seconds after which a login's QR code counts as scanned (default 8); negative: never",
    )
    add("--frozen", action="store_true", help="the demo's clock stands still")
    return parser


def _moment(text: str) -> datetime:
    """Read a time; one without a zone is China time."""
    if text == "real":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither ISO 8601 nor `real`") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(UTC)


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not between {least} and {most}")
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
