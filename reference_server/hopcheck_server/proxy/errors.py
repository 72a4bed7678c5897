"""The one shape in which anything goes wrong: `{"error": {message, type, param, code}}` with a real status.

Knows the shape and this proxy's own codes. Does not know what an upstream's errors look like.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CLIENT_ERROR = "invalid_request_error"
SERVER_ERROR = "server_error"


class ClientDisconnected(Exception):
    """The client hung up: there is nobody left to answer."""


class ProxyError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status, 400 to 599.
        message: what a person reads; never holds a secret.
        code: OpenAI's machine-readable word, or None.
        param: the request field that is to blame, or None.
        kind: the error's `type`; by default by status.
        headers: further response headers, lower case.
        extra: further members of the error object, as an upstream sent them.
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
        self.kind = kind or (CLIENT_ERROR if status < 500 else SERVER_ERROR)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    @property
    def body(self) -> dict[str, Any]:
        """The OpenAI-shaped object, ready to be encoded."""
        known = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": {**self.extra, **known}}

    def encode(self) -> bytes:
        """The body as it goes over the wire."""
        return json.dumps(self.body, separators=(",", ":")).encode()


class UpstreamLost(ProxyError):
    """The connection to the upstream couldn't be had, or broke before its answer had come."""


RETRY_AFTER = {"retry-after": "2"}
"""In seconds: an upstream that has just gone is looked for more often than that."""


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ProxyError:
    """400: the client's request can't be served as it is."""
    return ProxyError(400, message, code, param=param)


def model_not_found(model: str) -> ProxyError:
    """404, worded as OpenAI words it."""
    message = f"The model `{model[:200]}` does not exist or you do not have access to it."
    return ProxyError(404, message, "model_not_found", param="model")


def upstream_refused_us() -> ProxyError:
    """502: our key, or the next hop's, was refused. The client can't help it, and learns no detail."""
    return ProxyError(502, "The upstream refused this proxy's credentials.", "upstream_auth_error")


def upstream_unreachable() -> ProxyError:
    """503: nobody answers there."""
    return UpstreamLost(
        503, "The upstream can't be reached at the moment.", "upstream_unreachable", headers=RETRY_AFTER
    )


def upstream_down(wrong: str, code: str | None) -> ProxyError:
    """503: LiteLLM was found to be down, and wasn't asked again."""
    return ProxyError(503, f"The upstream {wrong} at the moment; please try again.", code, headers=RETRY_AFTER)


def upstream_timeout(seconds: float) -> ProxyError:
    """504: it took too long."""
    return ProxyError(504, f"The upstream didn't answer within {seconds:g} s.", "upstream_timeout")


def upstream_broke_off() -> ProxyError:
    """502: the connection ended where it shouldn't have."""
    return UpstreamLost(502, "The upstream ended the connection before its answer was complete.", "upstream_cut")


def shutting_down() -> ProxyError:
    """503: this process was told to stop and can't wait any longer for the upstream."""
    headers = {"connection": "close", "retry-after": "1"}
    return ProxyError(503, "The proxy is shutting down; please try again.", "shutting_down", headers=headers)


def upstream_unreadable() -> ProxyError:
    """502: a success that holds nothing usable."""
    return ProxyError(502, "The upstream's answer could not be read.", "upstream_invalid_response")
