"""Lets requests with the key pass, and answers 401 to all others, before their bodies are read."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from typing import TYPE_CHECKING

from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.responses import error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PREFIX = "/health/"


class BearerAuth:
    """ASGI middleware: all paths but health need `Authorization: Bearer <key>`.

    Args:
        app: The application behind it.
        key: The key.
        open_paths: Further paths that need no key.
    """

    def __init__(self, app: ASGIApp, key: str, open_paths: Collection[str] = ()) -> None:
        self._app = app
        self._key = key.encode()
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] != "http" or self._is_open(scope["path"]) or self._holds_key(scope):
            await self._app(scope, receive, send)
            return
        await error_response(_refused(_credentials(scope)))(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path.startswith(OPEN_PREFIX) or path in self._open_paths

    def _holds_key(self, scope: Scope) -> bool:
        # With two Authorization fields, hops could disagree about which one counts, so neither does.
        given = _credentials(scope)
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        # compare_digest takes the same time for every wrong key.
        return hmac.compare_digest(token.strip(), self._key) and scheme.lower() == b"bearer"


def _credentials(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == b"authorization"]


def _refused(given: list[bytes]) -> ProxyError:
    missing = "You didn't provide an API key: send 'Authorization: Bearer KEY'."
    message = "Incorrect API key provided." if given else missing
    return ProxyError(401, message, "invalid_api_key", headers={"www-authenticate": "Bearer"})
