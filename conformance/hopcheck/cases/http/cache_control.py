"""Answers that no shared cache may keep."""

import re

from hopcheck import (
    ALL,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
)

FORBIDS = re.compile(r"\b(?:private|no-store|no-cache)\b")
"""What makes `must-revalidate` harmless, which by itself lets shared caches keep an answer."""


@case("http.cache-control", level="SHOULD", on=ALL, refs=["RFC 9111 3.5", "any-llm#973"])
async def cache_control(target: Target, ask: Operation) -> Findings:
    """Answers to authorized requests don't allow shared caches to keep them for other clients."""
    value = ", ".join((await ask()).all("cache-control")).lower()
    allowing = r"\bpublic\b|\bs-maxage\b" if FORBIDS.search(value) else r"\bpublic\b|\bs-maxage\b|\bmust-revalidate\b"
    yield expect("for shared caches", re.findall(allowing, value), equals=[])


@cache_control.mutant(killed_by="for shared caches", trips=("stream.anti-buffer-headers",))
class PublicForAnHour(Relay):
    """A response may be kept by everybody for an hour, though each key has its own."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        public = response.status == 200
        return response.with_header("Cache-Control", "public, max-age=3600") if public else response
