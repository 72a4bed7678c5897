"""The canonical form of a request, by which a recorded one is found again: method, path, and the body's JSON.

The order of keys and white space don't count. Everything else does: a marker's nonce, too, so recordings and replays
use the same nonces. Only the probes' nonces are left out, since nobody knows how many probes there will be.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from hopcheck.cassettes.model import RecordedRequest
from hopcheck_server.upstream.script.marker import Marker

PREFLIGHT = "preflight"

PROBES = (PREFLIGHT, "hopcheck")
"""Names in the markers of requests that no case sends: preflight, and a wait for the end of a cooldown."""


class Canonical(NamedTuple):
    """What two requests must have in common to be the same; it can be compared and hashed."""

    method: str
    path: str
    body: bytes


def canonical(method: str, path: str, body: bytes) -> Canonical:
    """The canonical form of a request; `path` holds the query."""
    return Canonical(method, path, canonical_body(body))


def of_request(request: RecordedRequest) -> Canonical:
    """The canonical form of a recorded request."""
    return canonical(request.method, request.path, request.body)


def canonical_body(body: bytes) -> bytes:
    """A JSON body with sorted keys and without white space; any other body as it is."""
    body = without_probe_nonces(body)
    try:
        value = json.loads(body)
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # lone surrogates have no UTF-8: then the raw bytes count
        return body


def without_probe_nonces(body: bytes) -> bytes:
    """A body with the nonce `n0` if its marker is a probe's: preflight's, or a wait's for the end of a cooldown."""
    marker = Marker.find(body)
    if marker is None or marker.case not in PROBES:
        return body
    return body.replace(str(marker).encode(), str(marker.with_nonce("n0")).encode())
