"""The same request, asked for again."""

import itertools
from typing import Any

from hopcheck import (
    GENERATING,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
)

NONE = {"type": "object", "properties": {}}
"""The parameters of a function that has none."""


@case("requests.prompt-cache-stable", level="SHOULD", on=GENERATING, refs=["maximhq/bifrost#2347"], needs=["two_sided"])
async def prompt_cache_stable(target: Target, ask: Operation) -> Findings:
    """The same request goes upstream in the same bytes each time, so that the provider's prompt cache can hit."""
    tools = [{"type": "function", "function": {"name": f"tool_{letter}", "parameters": NONE}} for letter in "fbdace"]
    bodies = []
    for _ in range(4):
        seed: dict[str, Any] = {"seed": 1} if ask.surface == "openai" else {}
        answer = await ask(tools=tools, temperature=0, **seed, user="hop")
        attempt = await target.forwarded(answer)
        bodies.append(attempt.body.replace(answer.marker.encode(), b"").decode(errors="replace"))
    yield expect("bodies after the first", bodies[1:], equals=bodies[:1] * 3)


@prompt_cache_stable.mutant(killed_by="bodies after the first", trips=("auth.stored-not-forwarded", "responses.stored"))
class InAnyOrder(Relay):
    """Fields pass through a map without an order."""

    turns = itertools.count()

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        fields: list[Any] = list(outgoing.json.items())
        at = next(self.turns) % len(fields)
        return outgoing.with_json(dict(fields[at:] + fields[:at]))
