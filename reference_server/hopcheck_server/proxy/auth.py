"""Lets requests with a client's key pass, and answers 401 to all others, before their bodies are read."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from hopcheck_server.proxy.client_keys import Client, ClientKeys
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.responses import error_response
from hopcheck_server.proxy.telemetry.notes import current_notes

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PREFIX = "/health/"


class BearerAuth:
    """ASGI middleware: all paths but health need `Authorization: Bearer <key>`; the key says who the client is.

    Args:
        app: The application behind it.
        keys: The clients.
        open_paths: Further paths that need no key.
    """

    def __init__(self, app: ASGIApp, keys: ClientKeys, open_paths: Collection[str] = ()) -> None:
        self._app = app
        self._keys = keys
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] != "http" or self._is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        client = self._client_of(scope)
        if client is None:
            await error_response(_refused(_credentials(scope)))(scope, receive, send)
            return
        scope.setdefault("state", {})["client"] = client
        current_notes().client = client.name
        await self._app(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path.startswith(OPEN_PREFIX) or path in self._open_paths

    def _client_of(self, scope: Scope) -> Client | None:
        # With two Authorization fields, hops could disagree about which one counts, so neither does.
        given = _credentials(scope)
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        return self._keys.find(token.strip()) if scheme.lower() == b"bearer" else None


def _credentials(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == b"authorization"]


def _refused(given: list[bytes]) -> ProxyError:
    missing = "You didn't provide an API key: send 'Authorization: Bearer KEY'."
    message = "Incorrect API key provided." if given else missing
    return ProxyError(401, message, "invalid_api_key", headers={"www-authenticate": "Bearer"})
