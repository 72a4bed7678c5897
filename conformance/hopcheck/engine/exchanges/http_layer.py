"""Which responses are those of a server's HTTP layer, or of a byte proxy's, and so are held to no API's contract."""

from __future__ import annotations

from collections.abc import Sequence

from hopcheck.client import Response
from hopcheck_server.upstream.journal.attempt import Attempt

SIZE_REFUSALS = frozenset({413, 414, 431})
"""Refusals of a body, a URL or a head for its size: a server may make them before it knows what is asked."""

GATEWAY_PAGES = frozenset({502, 503, 504})
"""What a web server in front says of the server behind it."""

ROUTING_REFUSALS = frozenset({404, 405, 501})
"""What a server says of a path or a method that it doesn't serve."""

LARGE_HEAD_BYTES = 8 * 1024
"""Heads from this size on may be refused with 400 (RFC 9110 5.4): it is the buffer of many servers."""


def is_http_refusal(response: Response, *, arrived: bool) -> bool:
    """Whether a response is a refusal by the HTTP layer, in whose words no API has a say.

    Only a response that isn't JSON counts, to a request of which nothing arrived at the provider. A 400 counts if the
    request's head was large; a 400 in plain text about a body that is no JSON is the API's own.
    """
    if arrived or response.media_type.endswith("json"):
        return False
    if response.status == 400:
        return _head_bytes(response) >= LARGE_HEAD_BYTES
    return response.status in SIZE_REFUSALS | GATEWAY_PAGES


def is_byte_proxys_own(response: Response, attempts: Sequence[Attempt]) -> bool:
    """Whether a byte proxy wrote a response itself, or passed on one of which the provider's side isn't known."""
    given = {attempt.response.status for attempt in attempts if attempt.response is not None}
    is_page = response.status in GATEWAY_PAGES and not response.media_type.endswith("json")
    return is_page or response.status not in given


def _head_bytes(response: Response) -> int:
    sent = response.sent
    return len(sent.url) + sum(len(name) + len(value) + 4 for name, value in sent.headers)
