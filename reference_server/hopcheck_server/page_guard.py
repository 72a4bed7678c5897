"""Tells requests that a web page may have made: by DNS rebinding, a page of any name reaches servers on this host."""

from __future__ import annotations

from ipaddress import ip_address

from hopcheck_server.wire.exchange import ServerExchange

_OF_PAGES = ("origin", "sec-fetch-site")
"""Header fields that browsers send for pages."""


def page_refusal(exchange: ServerExchange, *, any_host: bool = False) -> str:
    """Why a request is refused that a web page may have made; "" if none can have.

    Args:
        exchange: The request.
        any_host: Whether another Host than this one may be asked.
    """
    if any(exchange.header(name) is not None for name in _OF_PAGES):
        return "control is not for web pages"
    if not any_host and not all(map(names_this_host, exchange.headers.all("host") or [""])):
        return "control is for this host only, by its own name"
    return ""


def names_this_host(host: str) -> bool:
    """Whether a Host field, or a host's name, is `localhost` or a loopback address."""
    name = host.strip().rpartition(":")[0] if ":" in host.rpartition("]")[2] else host.strip()
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
