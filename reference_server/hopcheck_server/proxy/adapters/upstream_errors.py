"""Turns the errors of an upstream into errors that a client can read and that hold no secret.

Errors have several shapes: OpenAI's, FastAPI's, plain text, HTML. What only LiteLLM does is in `litellm.workarounds`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_server.litellm_workarounds import named_status
from hopcheck_server.proxy.adapters.backends import Backend
from hopcheck_server.proxy.adapters.headers import response_headers
from hopcheck_server.proxy.adapters.transports.base import PoolExhausted, TimedOut, TransportError, Unreachable
from hopcheck_server.proxy.errors import (
    ProxyError,
    overloaded,
    upstream_broke_off,
    upstream_refused_us,
    upstream_timeout,
    upstream_unreachable,
)
from hopcheck_server.proxy.redaction import Redactor

_MEMBERS = ("message", "type", "param", "code")
_PAGE = re.compile(r"\s*<(!doctype|html)\b", re.IGNORECASE)
_TRACEBACK = "Traceback (most recent call last)"


def transport_failure(error: TransportError, waited_s: float) -> ProxyError:
    """503, 504 or 502: unreachable, all connections in use, silent, or cut short."""
    if isinstance(error, Unreachable):
        return upstream_unreachable()
    if isinstance(error, PoolExhausted):
        return overloaded()
    return upstream_timeout(waited_s) if isinstance(error, TimedOut) else upstream_broke_off()


def error_object(body: bytes) -> dict[str, Any]:
    """Find the error in a body; empty if there is none to show (HTML, for example)."""
    payload = loads_or_none(body)
    return _as_error(payload) if isinstance(payload, dict) else {}


def _as_error(payload: dict[str, Any]) -> dict[str, Any]:
    for name in ("error", "detail"):
        inner = payload.get(name)
        if isinstance(inner, dict):
            return inner
        if isinstance(inner, str) and inner:
            return {"message": inner}
    return {name: payload[name] for name in _MEMBERS if name in payload}


class ErrorMapper:
    """Makes ProxyErrors of upstream errors, for one backend.

    Args:
        backend: Fixes what is particular about its errors.
        redactor: Masks secrets in texts and headers.
    """

    def __init__(self, backend: Backend, redactor: Redactor) -> None:
        self._backend = backend
        self._redactor = redactor

    def response(self, status: int, headers: Mapping[str, str], body: bytes) -> ProxyError:
        """Make an error of a response whose status isn't 200."""
        passed = response_headers(self._backend.incoming_headers(headers))
        return self._make(status, error_object(body), self._redactor.value(passed))

    def in_success(self, error: Any) -> ProxyError:
        """Make an error of one inside a 200: its status is the one that it names, or 502."""
        found = error if isinstance(error, dict) else {"message": str(error)}
        return self._make(named_status(found), found, {})

    def _make(self, status: int, error: dict[str, Any], headers: Mapping[str, str]) -> ProxyError:
        status, error = self._backend.error(status, error)
        if status in (401, 407):
            return upstream_refused_us()
        if not 400 <= status <= 599:
            status = 502
        error = self._redactor.value(error)
        return ProxyError(
            status,
            _message(error.get("message"), status),
            _word(error.get("code")),
            param=_word(error.get("param")),
            kind=_word(error.get("type")),
            headers=headers,
            extra={name: value for name, value in error.items() if name not in _MEMBERS},
        )


def _message(message: Any, status: int) -> str:
    # A load balancer's page is no message, and a stack trace is for the upstream's operator.
    if isinstance(message, str) and not _PAGE.match(message):
        shown = message.split(_TRACEBACK)[0].rstrip("\n")
        if shown.strip():
            return shown
    return f"The upstream answered with status {status}."


def _word(value: Any) -> str | None:
    """A member that has to be a string or null: numbers become strings, anything else is dropped."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
