"""A robots.txt that forbids all programs the whole site, as some platforms have it."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

FORBIDDING = "User-agent: *\nDisallow: /\n"


class Forbidding:
    """A site that serves its pages to whoever asks, and asks programs not to."""

    def __init__(self, site: ASGIApp) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] == "/robots.txt":
            await PlainTextResponse(FORBIDDING)(scope, receive, send)
        else:
            await self._site(scope, receive, send)
