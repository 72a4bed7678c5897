"""Both sides of an exchange without what varies between two runs, to compare relays by what they do on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

CHANGING = frozenset({"x-request-id", "date"})
"""Header fields that differ between two runs."""

_CREATED = re.compile(r'"created":\s*\d+,?')


def request_side(exchange: Mapping[str, Any]) -> Any:
    """A request as the upstream got it."""
    request = exchange["request"]
    headers = sorted((name, value) for name, value in request["headers"] if name not in CHANGING | {"host"})
    return request["method"], request["url"], request["body"], headers, exchange["response"]["ended"], True


def response_side(exchange: Mapping[str, Any]) -> Any:
    """A response as the client got it; of an exchange with the upstream, how it ended."""
    if exchange["side"] == "upstream":
        return "upstream", exchange["response"]["ended"]
    response, request = exchange["response"], exchange["request"]
    headers = [pair for pair in response["headers"] if pair[0].lower() not in CHANGING]
    path = request["url"].split("/", 3)[-1]
    body = _CREATED.sub("", response["body"])
    return request["method"], path, request["body"], response["status"], headers, body, response["ended"]
