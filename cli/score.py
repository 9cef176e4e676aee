"""`koubei score`: JSON lines in, one judgement a line out, as they come."""

import json
import os
import select
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, BinaryIO, Final, Protocol

import orjson
import typer

from analysis.polarity.scorer import LABELS, KoubeiScorer
from cli.terminal import EXIT_DONE, EXIT_PARTIAL, complain
from domain.ports import Scorer
from domain.sentiment import ScoreRequest
from runtime.scorers import ENGINES, open_scorer
from runtime.settings import load_settings

_PIECE: Final = 1 << 16
_ENOUGH: Final = 1 << 19
"""Bytes that are taken together while more is waiting: about 2,000 posts."""

_LONGEST_LINE: Final = 1 << 26

EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine", help=f"评分引擎：{' / '.join(ENGINES)}；缺省取设置。Which engine; else as set."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score", help="逐行给文本打情感分（标准输入 JSON）。Judge JSON lines.")(score)


def score(engine: EngineOption = None) -> None:
    """Read lines `{"text", "platform"?, "target"?}` and answer each with
    `{"label", "score", "confidence"}`, in order.

    Lines that wait together are judged together; when the input pauses, everything read so far is
    answered. A line that cannot be read is answered with its `error`, and the exit code is 3.
    """
    judge = _judge(open_scorer(load_settings(), engine))
    problems = 0
    number = 0
    for lines in waiting_lines(sys.stdin.buffer):
        asked = [_read(line, number + place) for place, line in enumerate(lines, start=1)]
        number += len(lines)
        answers = iter(judge([one for one in asked if isinstance(one, ScoreRequest)]))
        out = []
        for one in asked:
            if isinstance(one, ScoreRequest):
                out.append(next(answers))
            elif one is not None:
                problems += 1
                out.append(orjson.dumps({"label": None, "error": one.text}) + b"\n")
        sys.stdout.buffer.write(b"".join(out))
        sys.stdout.buffer.flush()
    if problems:
        complain(f"{problems} 行无法读取，已逐行注明", f"{problems} lines could not be read")
    raise typer.Exit(EXIT_PARTIAL if problems else EXIT_DONE)


def waiting_lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the lines that are there, many at once while more is waiting, at once when not.

    A line of more than 64 MB is given up to that length.
    """
    descriptor = stream.fileno()
    rest = b""
    while True:
        pieces = [rest]
        size = len(rest)
        ended = False
        while True:
            piece = os.read(descriptor, _PIECE)
            ended = not piece
            pieces.append(piece)
            size += len(piece)
            if ended or size >= _ENOUGH or not _more(descriptor):
                break
        lines = b"".join(pieces).split(b"\n")
        rest = lines.pop()
        if ended or len(rest) > _LONGEST_LINE:
            lines.append(rest)
            rest = b""
        if lines:
            yield lines
        if ended:
            return


def _more(descriptor: int) -> bool:
    try:
        return bool(select.select([descriptor], [], [], 0)[0])
    except (OSError, ValueError):  # Windows: only sockets can be asked
        return False


@dataclass(frozen=True, slots=True)
class _Problem:
    text: str


def _read(line: bytes, number: int) -> ScoreRequest | _Problem | None:
    """Return what a line asks, its problem, or None for a blank line."""
    if not line.strip():
        return None
    try:
        asked = orjson.loads(line)
    except orjson.JSONDecodeError:
        asked = _read_leniently(line)
    if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
        return _Problem(f'line {number}: not an object with a string "text"')
    platform, target = asked.get("platform") or "", asked.get("target") or ""
    if not isinstance(platform, str) or not isinstance(target, str):
        return _Problem(f'line {number}: "platform" and "target" are strings')
    return ScoreRequest(asked["text"], platform, {target: (target,)} if target else {})


def _read_leniently(line: bytes) -> Any:
    """Read what orjson refuses and Python takes: half of a surrogate pair as an escape."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


class _Judge(Protocol):
    def __call__(self, requests: Sequence[ScoreRequest]) -> list[bytes]: ...


def _judge(scorer: Scorer) -> _Judge:
    return _Fast(scorer) if isinstance(scorer, KoubeiScorer) else _Any(scorer)


class _Any:
    """Asks any engine."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def __call__(self, requests: Sequence[ScoreRequest]) -> list[bytes]:
        answers = []
        for request, scores in zip(requests, self._scorer.score(requests), strict=True):
            said = next(
                (scores.by_target[t] for t in request.targets if t in scores.by_target), None
            )
            found = said or scores.text
            answers.append(_line(found.label, found.score, found.confidence))
        return answers


class _Fast:
    """Asks our own engine for arrays: half of the time would go into making objects."""

    def __init__(self, scorer: KoubeiScorer) -> None:
        self._scorer = scorer

    def __call__(self, requests: Sequence[ScoreRequest]) -> list[bytes]:
        texts = [request.text for request in requests]
        platforms = [request.platform for request in requests]
        rows, labels = self._scorer.probabilities(texts, platforms)
        aimed = [n for n, request in enumerate(requests) if request.targets]
        if aimed:
            rows[aimed], labels[aimed] = self._scorer.towards(
                [texts[n] for n in aimed],
                [platforms[n] for n in aimed],
                [tuple(requests[n].targets) for n in aimed],
                rows[aimed],
            )
        positive = (rows[:, 2] + rows[:, 1] / 2).tolist()
        sure = rows[range(len(rows)), labels].tolist()
        return [
            _line(LABELS[label], value, confidence)
            for label, value, confidence in zip(labels.tolist(), positive, sure, strict=True)
        ]


def _line(label: StrEnum, value: float, confidence: float) -> bytes:
    return b'{"label":"%s","score":%.6f,"confidence":%.6f}\n' % (
        label.value.encode(),
        value,
        confidence,
    )
