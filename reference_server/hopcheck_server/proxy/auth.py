"""Lets requests with a client's key pass, and answers 401 to all others, before their bodies are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from hopcheck_server.proxy.client_keys import Client, ClientKeys
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.responses import error_response
from hopcheck_server.proxy.surfaces.surface import API_KEY, ClientSurface, surface_of
from hopcheck_server.proxy.telemetry.notes import current_notes

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PREFIX = "/health/"


class ClientAuth:
    """ASGI middleware: all paths but health need a client's key, which says who the client is.

    It is sent as `Authorization: Bearer <key>`, on the Messages surface also as `x-api-key`.

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
            await error_response(_refused(scope))(scope, receive, send)
            return
        scope.setdefault("state", {})["client"] = client
        current_notes().client = client.name
        await self._app(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path.startswith(OPEN_PREFIX) or path in self._open_paths

    def _client_of(self, scope: Scope) -> Client | None:
        # Where keys differ, hops could disagree about which one counts, so none does.
        keys = set(_keys(scope, surface_of(scope["path"])))
        return self._keys.find(keys.pop()) if len(keys) == 1 else None


def _keys(scope: Scope, surface: ClientSurface) -> Iterator[bytes]:
    """Yield every key that a request presents; "" for a credential that is none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            yield token.strip() if scheme.lower() == b"bearer" else b""
        elif surface.has_key_header and name == API_KEY.encode():
            yield value.strip()


def _refused(scope: Scope) -> ProxyError:
    surface = surface_of(scope["path"])
    wanted = "'x-api-key: KEY'" if surface.has_key_header else "'Authorization: Bearer KEY'"
    given = any(True for _ in _keys(scope, surface))
    message = "Incorrect API key provided." if given else f"You didn't provide an API key: send {wanted}."
    return ProxyError(401, message, "invalid_api_key", headers={"www-authenticate": "Bearer"})
