"""Who may use control routes: programs of this user that know the run's token, and no web page.

The journal holds the keys that a provider receives. A page in a browser on this host could ask for it where only the
peer's address counted: by DNS rebinding its own name leads to 127.0.0.1. So three things must hold: the Host is this
host's, no browser speaks for a page, and the request shows the run's token.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from hopcheck_server.page_guard import names_this_host, page_refusal
from hopcheck_server.wire.exchange import ServerExchange
from hopcheck_server.wire.pool import Origin

TOKEN_HEADER = "X-Hopcheck-Control"  # noqa: S105 - a header's name

TOKEN_VARIABLE = "HOPCHECK_CONTROL_TOKEN"  # noqa: S105 - a variable's name
"""The environment variable with the token, for those on another host; each run has a random one otherwise."""


class ControlAccess:
    """Who may use the control routes of one server.

    Attributes:
        token: What clients of the routes show.
    """

    def __init__(self, *, open_control: bool = False) -> None:
        """Make a token.

        Args:
            open_control: Whether peers from other hosts may use the routes.
        """
        self.token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
        self._open_control = open_control
        self._file: Path | None = None

    def publish(self, port: int) -> None:
        """Write the token where programs of this user on this host find it; without a home, the variable is left."""
        self._file = _file(port)
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.unlink(missing_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(self.token)

    def withdraw(self) -> None:
        """Remove the file, unless a later server has written it anew."""
        with suppress(OSError):
            if self._file is not None and self._file.read_text() == self.token:
                self._file.unlink()

    def refusal(self, exchange: ServerExchange, *, needs_token: bool = True) -> str:
        """Why a request is refused; "" if it isn't."""
        if not (self._open_control or exchange.is_local):
            return "control is for this host only"
        if refusal := page_refusal(exchange, any_host=self._open_control):
            return refusal
        shown = exchange.header(TOKEN_HEADER) or ""
        if needs_token and not hmac.compare_digest(shown.encode(), self.token.encode()):
            return f"control needs this run's token in {TOKEN_HEADER}: give both sides the same {TOKEN_VARIABLE}"
        return ""


def token_for(origin: Origin) -> str:
    """The token of the server at an address: the variable's, or the one of a server of this user; "" if unknown."""
    if given := os.environ.get(TOKEN_VARIABLE):
        return given
    with suppress(OSError):
        if names_this_host(origin.host):
            return _file(origin.port).read_text()
    return ""


def _file(port: int) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "hopcheck" / "control" / str(port)
