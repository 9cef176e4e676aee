"""A layout change that can be switched on: words of the markup are others from one page to the
next.

`POST /__demo__/layout {"rename": {"feed_list_like": "feed_list_praise"}}` switches it on for a
site, `{"rename": {}}` off. It is what a real redesign does to a reader: the page looks the same to
people, and a field is where nobody looks for it.
"""

import json
from collections.abc import MutableMapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/__demo__/layout"
_MOST = 20
_LONGEST = 60


class Renamed:
    """A site whose pages have other words in their markup while that is switched on."""

    def __init__(self, site: ASGIApp) -> None:
        self._site = site
        self.rename: MutableMapping[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            await (await self._switch(receive))(scope, receive, send)
        elif scope["type"] != "http" or not self.rename or scope["path"].startswith("/__demo__"):
            await self._site(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _switch(self, receive: Receive) -> JSONResponse:
        body, more = b"", True
        while more and len(body) < 10_000:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            asked = json.loads(body)["rename"]
            self.rename = {_word(old): _word(new) for old, new in list(asked.items())[:_MOST]}
        except (ValueError, KeyError, TypeError, AttributeError):
            return JSONResponse({"error": 'send {"rename": {"old": "new"}}'}, status_code=400)
        return JSONResponse({"rename": dict(self.rename)})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the answer until it is whole, and send it renamed."""
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._site(scope, receive, hold)
        body = b"".join(m.get("body", b"") for m in held if m["type"] == "http.response.body")
        for old, new in self.rename.items():
            body = body.replace(old.encode(), new.encode())
        start = next(dict(m) for m in held if m["type"] == "http.response.start")
        headers: list[tuple[bytes, Any]] = [
            (name, value) for name, value in start["headers"] if name != b"content-length"
        ]
        start["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _word(text: object) -> str:
    if not isinstance(text, str) or not text or len(text) > _LONGEST:
        raise ValueError("no word")
    return text
