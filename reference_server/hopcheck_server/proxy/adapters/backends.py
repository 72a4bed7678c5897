"""What is particular about the server behind the adapter: the interface, and the provider that needs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from hopcheck_server.proxy.adapters.base import Call


class Backend(Protocol):
    """Everything that the adapter does for one kind of upstream and not for another."""

    lists_authoritatively: bool
    """Whether `/v1/models` names every model that can be asked for, so that others need not be tried."""

    def outgoing(self, call: Call) -> tuple[bytes, Mapping[str, str]]:
        """The body and headers to send. Raises ProxyError for what this upstream must not be handed."""

    def incoming_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The upstream's header fields, under their standard names."""

    def error(self, status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and error object as OpenAI would have sent them; 401 stands for "our credentials are refused"."""

    def answer(self, answer: dict[str, Any]) -> dict[str, Any] | None:
        """A complete answer as it should have been, or None if nothing is wrong with it."""

    def event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """A stream event as it should have been, or None if nothing is wrong with it."""


class PlainProvider:
    """A provider that speaks the OpenAI API: nothing is refused on its behalf, nothing mended."""

    lists_authoritatively = True

    def outgoing(self, call: Call) -> tuple[bytes, Mapping[str, str]]:
        """The client's bytes; trace context and request id go as the headers that they are."""
        return call.raw, call.headers

    def incoming_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """As they are."""
        return headers

    def error(self, status: int, error: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """As it is."""
        return status, error

    def answer(self, answer: dict[str, Any]) -> dict[str, Any] | None:
        """As it is."""
        return None

    def event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """As it is."""
        return None
