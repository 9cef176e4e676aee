import asyncio

import pytest
from starlette.exceptions import HTTPException

from web.headers import BodyLimit

MIB = 1024 * 1024


async def reading(scope, receive, send):
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def sent(path, chunks, declared=None):
    answers = []
    bodies = iter(chunks)
    left = len(chunks)

    async def receive():
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": next(bodies), "more_body": left > 0}

    async def send(message):
        answers.append(message)

    headers = [] if declared is None else [(b"content-length", declared)]
    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(BodyLimit(reading)(scope, receive, send))
    return answers[0]["status"]


@pytest.mark.parametrize(
    ("path", "size"), [("/login", 64 * 1024), ("/_stcore/upload_file/s/f", 21 * MIB)]
)
def test_as_much_as_is_needed_and_not_a_byte_more(path, size):
    assert sent(path, [b"x" * size]) == 200
    assert sent(path, [b"x"], declared=str(size + 1).encode()) == 413


@pytest.mark.parametrize("declared", [b"-1", b"1e3", b"x", b""])
def test_a_length_that_is_none_is_refused(declared):
    assert sent("/login", [b"x"], declared=declared) == 413


def test_what_says_nothing_of_its_length_is_counted_as_it_comes():
    with pytest.raises(HTTPException, match="413"):
        sent("/login", [b"x" * 40_000] * 2)
