"""What a response says of the limit that it counts against, in the headers of OpenAI, of IETF drafts, or of Envoy."""

from __future__ import annotations

import re

from hopcheck.client.responses import Response

NAMES = (
    ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
    ("ratelimit-limit", "ratelimit-remaining"),
    ("x-ratelimit-limit", "x-ratelimit-remaining"),
)
"""OpenAI's headers, those of draft-ietf-httpapi-ratelimit-headers up to its seventh version, and Envoy's and Kong's."""


def limit_and_rest(answer: Response) -> tuple[str | None, str | None]:
    """A limit and what is left of it, in the headers of one kind; after a limit, there may be its policies."""
    for limit, rest in NAMES:
        if (found := answer.listed(limit)) or answer.header(rest) is not None:
            return (found[0] if found else None), answer.header(rest)
    return _parameter(answer.header("ratelimit-policy"), "q"), _parameter(answer.header("ratelimit"), "r")


def _parameter(value: str | None, name: str) -> str | None:
    """A parameter of a structured header's first item."""
    found = re.search(rf";\s*{name}=(-?\d+)", value or "")
    return found and found[1]
