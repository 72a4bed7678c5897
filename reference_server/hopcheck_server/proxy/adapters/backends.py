"""What is particular about an upstream: the interface, and the plain provider, which needs no special treatment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.surfaces.surface import CLAUDE_SESSION, CODEX_SESSION


class Backend(Protocol):
    """What the adapter does for one kind of upstream and not for another."""

    lists_authoritatively: bool
    """Whether `/v1/models` names every model that can be requested, so that others need not be tried."""

    def outgoing(self, call: Call) -> tuple[bytes | None, Mapping[str, str]]:
        """Return the body and headers to send. Raises ProxyError for what must not reach this upstream."""

    def incoming_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the upstream's header fields, under their standard names."""

    def error(self, status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and error object as OpenAI would send them; 401 means that our credentials were refused."""

    def response(self, response: dict[str, Any]) -> dict[str, Any] | None:
        """Return a complete response with its faults fixed, or None if it has none."""

    def event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return a stream event with its faults fixed, or None if it has none."""


_FOR_LITELLM = frozenset({"user-agent", CLAUDE_SESSION, CODEX_SESSION})
"""Header fields of the client's that say which program it runs, and in which session."""


class PlainProvider:
    """A provider that speaks the OpenAI API: nothing is refused on its behalf, and nothing fixed."""

    lists_authoritatively = True

    def outgoing(self, call: Call) -> tuple[bytes | None, Mapping[str, str]]:
        """Return the client's bytes and headers; which program it runs is no provider's business."""
        return call.raw, {name: value for name, value in call.headers.items() if name not in _FOR_LITELLM}

    def incoming_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers unchanged."""
        return headers

    def error(self, status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return both unchanged."""
        return status, error

    def response(self, response: dict[str, Any]) -> dict[str, Any] | None:
        """Return None: nothing needs to be fixed."""
        return None

    def event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return None: nothing needs to be fixed."""
        return None
