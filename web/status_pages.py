"""Health for machines, metrics, and the read-only status pages of a host without the dashboard.

`/healthz` answers as long as the process lives. `/readyz` is 503 while a store is away or every
source has gone unread for twice its cadence. `/metrics` opens to a session and to the bearer token
of `secrets/metrics_token`.
"""

import hmac
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from domain.errors import StoreError
from monitoring.overview import Overview, overview
from web.guard import visitor_of
from web.metrics import CONTENT_TYPE, metrics_text
from web.paper import Paper
from web.views import signal_view, status_view

_SIGNAL_ID = re.compile(r"[A-Za-z0-9-]{1,40}")


class StatusPages:
    """How the service is, for machines and for people."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._services = paper.services

    def machine_routes(self) -> list[Route]:
        """Return what machines ask."""
        return [
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
        ]

    def page_routes(self) -> list[Route]:
        """Return the status pages."""
        return [Route("/", self.status), Route("/alerts", self.alert)]

    async def healthz(self, _request: Request) -> Response:
        """Say that the process lives."""
        return JSONResponse({"status": "ok"})

    def readyz(self, request: Request) -> Response:
        """Say whether the service reads; what is watched, and where data lie, is not for
        strangers.
        """
        is_known = self._is_known(request)
        try:
            view = self._overview()
        except StoreError as error:
            told = {"error": str(error)} if is_known else {}
            return JSONResponse({"status": "store away", **told}, status_code=503)
        away = view.store is None
        status = "store away" if away else "blind" if view.is_blind else "ready"
        body: dict[str, object] = {"status": status}
        if is_known:
            since = view.spooled_since
            body["spool"] = {
                "waiting": view.spooled_looks,
                "oldest_seconds": round((view.now - since).total_seconds()) if since else 0,
            }
            body["dead_letters"] = view.dead_letters
            body["sources"] = {
                f"{s.watch.id}/{s.source.id}": s.latest.state.value if s.latest else "never"
                for s in view.sources
            }
        return JSONResponse(body, status_code=503 if away or view.is_blind else 200)

    def metrics(self, request: Request) -> Response:
        """Return the figures for Prometheus."""
        if not self._is_known(request):
            headers = {"www-authenticate": "Bearer"}
            return PlainTextResponse("token needed", 401, headers=headers)
        try:
            return Response(metrics_text(self._overview()), media_type=CONTENT_TYPE)
        except StoreError:
            return PlainTextResponse("store away", 503)

    def status(self, _request: Request) -> Response:
        """Show how everything stands."""
        try:
            view = self._overview()
        except StoreError as error:
            return self._store_away(error)
        told = status_view(view, self._services)
        return self._paper.page("status.html.j2", told, status=503 if view.store is None else 200)

    def alert(self, request: Request) -> Response:
        """Show one alert."""
        signal_id = request.query_params.get("id", "")
        try:
            with self._services.begin_reading() as work:
                known = bool(_SIGNAL_ID.fullmatch(signal_id))
                signal = work.signals.get(signal_id) if known else None
                _, configuration = work.configuration.current()
        except StoreError as error:
            return self._store_away(error)
        if signal is None:
            return self._paper.page("missing.html.j2", {"signal_id": signal_id[:40]}, status=404)
        view = signal_view(signal, configuration, self._services)
        return self._paper.page("alert.html.j2", view)

    def _store_away(self, error: StoreError) -> Response:
        told = self._paper.say(error.text)  # without where data lie
        return self._paper.page("store_away.html.j2", {"told": told}, status=503)

    def _overview(self) -> Overview:
        services = self._services
        return overview(services.begin_reading, services.store, services.clock.now())

    def _is_known(self, request: Request) -> bool:
        if visitor_of(request) is not None:
            return True
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = self._services.metrics_token
        # an empty token would be everybody's
        return bool(token) and hmac.compare_digest(
            bearer.encode("utf-8", "replace"), token.encode()
        )
