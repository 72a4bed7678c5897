"""The upstream's side of control over HTTP: scripts in, journal out, under `/_hopcheck/`.

- GET health: `{"hopcheck": version, "opened": connections so far}`
- PUT scripts: scripts as JSON, added to those that are there
- GET journal/{marker}: its attempts; with `timeout_s`, `attempts` and `ended` it waits for them
- POST journal/{marker}/release: ends what is still going on
- DELETE journal/{marker}: releases, and forgets
- DELETE times/{script}: when the script's ended attempts went through (`Times`), which are then forgotten
- GET unmarked?since_ns=: attempts without a marker
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from hopcheck_server.upstream.journal.attempt import Attempt, to_json
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.playback.rendered import RenderedResponse, head
from hopcheck_server.upstream.script import turns as script
from hopcheck_server.upstream.script.turns import Scripts

PREFIX = "/_hopcheck/"

MAX_WAIT_S = 60.0
"""How long one request may wait; who wants to wait longer asks again."""


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


async def respond(upstream: Controlled, request: Attempt, *, allowed: bool) -> RenderedResponse:
    """Answer a control request."""
    if not allowed:
        return _answer(403, {"error": "control is for this host only"})
    parts = urlsplit(request.path)
    words = [unquote(word) for word in parts.path.removeprefix(PREFIX).split("/")]
    try:
        said = await _act(upstream, request, words, dict(parse_qsl(parts.query)))
    except ValueError as error:
        return _answer(400, {"error": str(error)})
    return _answer(404, {"error": "no such control route"}) if said is None else _answer(200, said)


async def _act(upstream: Controlled, request: Attempt, words: list[str], query: Mapping[str, str]) -> Any:
    match request.method, *words:
        case "GET", "health":
            return {"hopcheck": _version(), "opened": upstream.opened}
        case "PUT", "scripts":
            upstream.load(script.load(request.body))
            return {}
        case "GET", "journal", marker:
            return _attempts(await _wait(upstream.journal, marker, query))
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


def _attempts(attempts: list[Attempt]) -> Any:
    return {"attempts": [to_json(attempt) for attempt in attempts]}


def _answer(status: int, said: Any) -> RenderedResponse:
    return RenderedResponse(head(status, (("content-type", "application/json"),)), [json.dumps(said).encode()])


def _version() -> str:
    try:
        return version("hopcheck")
    except PackageNotFoundError:  # run from a tree that isn't installed
        return "0"
