"""The upstream's side of control over HTTP: scripts in, journal out, under `/_hopcheck/`.

- GET health: `{"hopcheck": version, "opened": connections so far}`
- PUT scripts: scripts as JSON, added to those that are there
- GET journal/{marker}: its attempts; with `timeout_s`, `attempts` and `ended` it waits for them; with `responses=1`,
  what was sent to each comes with it
- POST journal/{marker}/release: ends what is still going on
- DELETE journal/{marker}: releases, and forgets
- DELETE times/{script}: when the script's ended attempts went through (`Times`), which are then forgotten
- GET unmarked?since_ns=: attempts without a marker

All but `health` need the run's token (see `ControlAccess`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from hopcheck_server.upstream.control.access import ControlAccess
from hopcheck_server.upstream.journal.attempt import Attempt, to_json
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.script import transfer
from hopcheck_server.upstream.script.turns import Scripts
from hopcheck_server.wire.exchange import ServerExchange
from hopcheck_server.wire.tasks import unless

PREFIX = "/_hopcheck/"

MAX_WAIT_S = 60.0
"""How long one request may wait; a longer wait takes several requests."""


class Controlled(Protocol):
    """What can be done to an upstream, or to what stands in its place."""

    @property
    def journal(self) -> Journal:
        """What arrived."""

    @property
    def opened(self) -> int:
        """How many connections there have been."""

    def load(self, scripts: Scripts) -> None:
        """Add scripts."""

    def release(self, marker: str) -> None:
        """End what is going on."""

    def forget(self, marker: str) -> None:
        """Release and forget."""


async def serve_control(upstream: Controlled, exchange: ServerExchange, access: ControlAccess) -> None:
    """Answer a control request, unless the client leaves before; `access` says who may ask.

    Raises:
        PeerLeft: The client is gone.
    """
    refusal = access.refusal(exchange, needs_token=exchange.target != f"{PREFIX}health")
    response = (403, {"error": refusal}) if refusal else await unless(exchange.gone, _respond(upstream, exchange))
    if response is None:
        return
    status, value = response
    await exchange.respond(status, "application/json", json.dumps(value).encode())


async def _respond(upstream: Controlled, exchange: ServerExchange) -> tuple[int, Any]:
    parts = urlsplit(exchange.target)
    words = [unquote(word) for word in parts.path.removeprefix(PREFIX).split("/")]
    try:
        value = await _act(upstream, exchange, words, dict(parse_qsl(parts.query)))
    except ValueError as error:
        return 400, {"error": str(error)}
    return (404, {"error": "no such control route"}) if value is None else (200, value)


async def _act(upstream: Controlled, exchange: ServerExchange, words: list[str], query: Mapping[str, str]) -> Any:
    match exchange.method, *words:
        case "GET", "health":
            return {"hopcheck": _version(), "opened": upstream.opened}
        case "PUT", "scripts":
            upstream.load(transfer.load(exchange.body))
            return {}
        case "GET", "journal", marker:
            return _attempts(await _wait(upstream.journal, marker, query), with_response="responses" in query)
        case "POST", "journal", marker, "release":
            upstream.release(marker)
            return {}
        case "DELETE", "journal", marker:
            upstream.forget(marker)
            return {}
        case "DELETE", "times", name:
            return {"times": upstream.journal.take(name)}
        case "GET", "unmarked":
            return _attempts(upstream.journal.unmarked(int(query.get("since_ns", 0))))
    return None


async def _wait(journal: Journal, marker: str, query: Mapping[str, str]) -> list[Attempt]:
    timeout_s = min(float(query.get("timeout_s", 0)), MAX_WAIT_S)
    attempts, ended = int(query.get("attempts", 1)), query.get("ended", "1") == "1"
    return await journal.wait(marker, attempts=attempts, ended=ended, timeout_s=timeout_s)


def _attempts(attempts: list[Attempt], *, with_response: bool = False) -> Any:
    return {"attempts": [to_json(attempt, with_response=with_response) for attempt in attempts]}


def _version() -> str:
    try:
        return version("hopcheck")
    except PackageNotFoundError:  # run from a tree that isn't installed
        return "0"
