"""Errors with a real status, in OpenAI's shape, and this proxy's own codes. Other surfaces have shapes of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CLIENT_ERROR = "invalid_request_error"
SERVER_ERROR = "server_error"


class ClientDisconnected(Exception):
    """The client has disconnected, so there is no response to send."""


class ProxyError(Exception):
    """An error response.

    Args:
        status: The HTTP status, 400 to 599.
        message: A sentence for people, without secrets.
        code: OpenAI's machine-readable code, or None.
        param: The faulty request field, or None.
        kind: The error's `type`; by default each surface derives one from the status.
        headers: Further response headers, lower case.
        extra: Further members of the error object, from an upstream.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        param: str | None = None,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    @property
    def body(self) -> dict[str, Any]:
        """The error in OpenAI's shape, not yet encoded."""
        kind = self.kind or (CLIENT_ERROR if self.status < 500 else SERVER_ERROR)
        known = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": {**self.extra, **known}}

    def encode(self) -> bytes:
        """Encode the body in OpenAI's shape."""
        return json.dumps(self.body, separators=(",", ":")).encode()


class UpstreamLost(ProxyError):
    """The connection to the upstream couldn't be made, or broke before its response was complete."""


RETRY_AFTER = {"retry-after": "2"}
"""In seconds; an upstream that is down is checked more often than that."""


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ProxyError:
    """400: the client's request is invalid."""
    return ProxyError(400, message, code, param=param)


def model_not_found(model: str) -> ProxyError:
    """404, in OpenAI's words."""
    message = f"The model `{model[:200]}` does not exist or you do not have access to it."
    return ProxyError(404, message, "model_not_found", param="model")


def upstream_refused_us() -> ProxyError:
    """502: our key, or the next hop's, was refused. The client can't change that, and learns no detail."""
    return ProxyError(502, "The upstream refused this proxy's credentials.", "upstream_auth_error")


def upstream_unreachable() -> ProxyError:
    """503: no server answers at the upstream's address."""
    return UpstreamLost(
        503, "The upstream can't be reached at the moment.", "upstream_unreachable", headers=RETRY_AFTER
    )


def overloaded() -> ProxyError:
    """503: every connection to the upstream is in use, and none became free in time."""
    return ProxyError(503, "The proxy is busy at the moment; please try again.", "overloaded", headers=RETRY_AFTER)


def upstream_down(wrong: str, code: str | None) -> ProxyError:
    """503: LiteLLM is known to be down, and wasn't asked."""
    return ProxyError(503, f"The upstream {wrong} at the moment; please try again.", code, headers=RETRY_AFTER)


def upstream_timeout(seconds: float) -> ProxyError:
    """504: the upstream took too long."""
    return ProxyError(504, f"The upstream didn't answer within {seconds:g} s.", "upstream_timeout")


def upstream_broke_off() -> ProxyError:
    """502: the upstream's connection ended early."""
    return UpstreamLost(502, "The upstream ended the connection before its answer was complete.", "upstream_cut")


def shutting_down() -> ProxyError:
    """503: this process is stopping and can't wait any longer for the upstream."""
    headers = {"connection": "close", "retry-after": "1"}
    return ProxyError(503, "The proxy is shutting down; please try again.", "shutting_down", headers=headers)


def upstream_too_large(limit: int) -> ProxyError:
    """502: the upstream's answer, or one event of it, exceeds the limit."""
    return ProxyError(502, f"The upstream's answer exceeds {limit} bytes.", "upstream_too_large")


def upstream_unreadable() -> ProxyError:
    """502: the upstream's success has no usable body."""
    return ProxyError(502, "The upstream's answer could not be read.", "upstream_invalid_response")
