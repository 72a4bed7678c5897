"""The errors of connections and heads that are too many or too large."""

from __future__ import annotations

from hopcheck_server.proxy.errors import ProxyError


def too_many_connections() -> ProxyError:
    """Return a 503."""
    busy = "This proxy has as many connections as it takes."
    return ProxyError(503, busy, "overloaded", headers={"retry-after": "1"})


def head_too_large() -> ProxyError:
    """Return a 431."""
    return ProxyError(431, "The request's head is too large.", "headers_too_large")
