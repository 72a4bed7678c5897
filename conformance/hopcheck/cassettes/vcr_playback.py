"""Plays a cassette with vcrpy in the test's own process, and fixes what goes wrong with vcrpy alone in such tests.

vcrpy alone matches requests without their bodies, responds instead of an application that the test calls through
`ASGITransport`, and is silent if no request was sent at all, or if the code under test swallowed a miss.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import httpx2
import vcr

from hopcheck.cassettes.canonical import canonical
from hopcheck.cassettes.model import Cassette
from hopcheck.cassettes.store import load

_IN_PROCESS = [
    (transport, name, getattr(transport, name))
    for module in (httpx, httpx2)
    for transport, name in (
        (module.ASGITransport, "handle_async_request"),
        (module.WSGITransport, "handle_request"),
        (module.MockTransport, "handle_request"),
        (module.MockTransport, "handle_async_request"),
    )
]
"""Transports that lead to an application or a mock in this process, as they are without vcrpy."""


class CassettePlayback:
    """A cassette while it is played.

    Attributes:
        cassette: The recording.
        missed: The requests that aren't on it, in words.
    """

    def __init__(self, cassette: Cassette, vcr_cassette: Any) -> None:
        self.cassette = cassette
        self.missed: list[str] = []
        self._vcr_cassette = vcr_cassette

    @property
    def base_url(self) -> str:
        """A base URL for the code under test. Any other works, too: hosts are ignored."""
        return "http://127.0.0.1:4000/v1"

    @property
    def requests(self) -> list[Any]:
        """The recorded requests' bodies as JSON values, in order; None for a request without a body."""
        return [json.loads(one.request.body) if one.request.body else None for one in self.cassette.interactions]

    @property
    def play_count(self) -> int:
        """The number of responses that were played."""
        count: int = self._vcr_cassette.play_count
        return count

    @property
    def unplayed(self) -> list[str]:
        """The recorded requests that weren't sent, in words."""
        played = self._vcr_cassette.play_counts
        return [_description(request) for place, request in enumerate(self._vcr_cassette.requests) if not played[place]]

    def problems(self, *, partial: bool) -> Iterator[str]:
        """The reasons for which the test must fail, as sentences.

        Args:
            partial: Whether recorded requests may be left unsent.
        """
        for missed in self.missed:
            yield f"{missed} isn't on the cassette"
        if not self.play_count:
            yield "no request was sent: the code under test didn't use its HTTP client"
        elif not partial and self.unplayed:
            yield f"not played: {', '.join(self.unplayed)}; say `partial=True` if that is meant"


@contextmanager
def playing(path: Path) -> Iterator[CassettePlayback]:
    """Play a cassette to every HTTP client in this process; other connections are refused.

    Raises:
        MalformedCassette: It is no cassette.
        OSError: It can't be read.
    """
    cassette = load(path)
    recorder = vcr.VCR(record_mode="none", match_on=("hopcheck",), custom_patches=_IN_PROCESS)
    recorder.register_matcher("hopcheck", _match)
    with ExitStack() as stack:
        vcr_cassette = stack.enter_context(recorder.use_cassette(str(path)))
        played = CassettePlayback(cassette, vcr_cassette)
        stack.enter_context(mock.patch.object(vcr_cassette, "can_play_response_for", _noting(played, vcr_cassette)))
        for name in ("connect", "connect_ex"):
            stack.enter_context(mock.patch.object(socket.socket, name, _refusing(played)))
        yield played


def _noting(played: CassettePlayback, vcr_cassette: Any) -> Callable[[Any], bool]:
    """Note requests that aren't on the cassette: the code under test may swallow the exception."""
    can_play = vcr_cassette.can_play_response_for

    def noting(request: Any) -> bool:
        found = bool(can_play(request))
        if not found:
            played.missed.append(_description(request))
        return found

    return noting


def _match(asked: Any, recorded: Any) -> None:
    """Method, path with its query, and the body's JSON; the host may be any."""
    first, second = (canonical(one.method, one.path + _query(one), one.body_bytes or b"") for one in (asked, recorded))
    if first != second:
        raise AssertionError(f"{first} != {second}")


def _query(request: Any) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in request.query) if request.query else ""


def _description(request: Any) -> str:
    body = (request.body_bytes or b"").decode("utf-8", "replace")
    shown = body if len(body) <= 300 else f"{body[:200]} … {body[-100:]}"
    return f"{request.method} {request.path} {shown}".strip()


def _refusing(played: CassettePlayback) -> Callable[[socket.socket, Any], int]:
    """Refuse connections as the system would, so that sockets are closed, and note them: the error may be swallowed."""

    def refuse(connecting: socket.socket, address: Any) -> int:
        where = ":".join(map(str, address[:2])) if isinstance(address, tuple) else str(address)
        played.missed.append(f"a connection to {where}")
        raise ConnectionRefusedError(
            f"a test that plays a cassette opens no connections, and this one leads to {where}"
        )

    return refuse
