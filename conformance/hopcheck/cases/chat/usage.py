"""What a chat answer says that it used."""

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, reply

COUNTS = {"prompt_tokens": 1234, "completion_tokens": 567, "total_tokens": 1801}


BEYOND = {**COUNTS, "total_tokens": 1900, "prompt_tokens_details": {"cached_tokens": 1024}}
"""Of a provider that counts thoughts in the total alone, and that had most of the prompt in its cache."""


@case("chat.usage-exact", level="MUST", refs=["gatewayproof", "litellm#36114"], upstream=reply.chat("Hi", usage=BEYOND))
async def usage_exact(target: Target) -> Findings:
    """Token counts are the provider's: prompt, completion and total."""
    answer = await target.chat.create()
    counts = {name: answer.at("usage", name) for name in COUNTS}
    yield expect("counts", counts, equals={name: BEYOND[name] for name in COUNTS})


@usage_exact.mutant(killed_by="counts", trips=("chat.usage-details", "stream.nonstream-parity"))
class CountsWords(Relay):
    """The proxy counts for itself, in words."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def count(body: dict[str, Any]) -> None:
            words = len(str(body["choices"]).split())
            body["usage"] = {"prompt_tokens": 1, "completion_tokens": words, "total_tokens": 1 + words}

        return edits.body(response, count)


@usage_exact.mutant(killed_by="counts", trips=("chat.usage-details", "stream.nonstream-parity"))
class DropsUsage(Relay):
    """The answer says nothing of what it used."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.pop("usage", None))


PATHS = (("prompt_tokens_details", "cached_tokens"), ("completion_tokens_details", "reasoning_tokens"))


def _detailed(cached: int, reasoning: int) -> dict[str, Any]:
    return {
        **COUNTS,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


DETAILS = {
    "some": reply.chat("Hi", usage=_detailed(1024, 320)),
    "zero": reply.chat("Hi", usage=_detailed(0, 0)),
    "none": reply.chat("Hi", usage=COUNTS),
}


async def _details(target: Target, script: str) -> list[int | None]:
    answer = await target.chat.create(script=script)
    return [dig(answer.json, "usage", *path) for path in PATHS]


@case(
    "chat.usage-details",
    level="SHOULD",
    refs=["litellm#36882", "litellm#36168"],
    needs=["usage_details"],
    upstream=DETAILS,
)
async def usage_details(target: Target) -> Findings:
    """Counts of cached and reasoning tokens arrive as the provider sent them: zero as zero, and none as none."""
    yield expect("cached and reasoning tokens", await _details(target, "some"), equals=[1024, 320])
    if not target.translates:  # other dialects say nothing of what is zero
        yield expect("a count of zero", await _details(target, "zero"), equals=[0, 0])
        yield expect("nothing is made up", await _details(target, "none"), equals=[None, None])


@usage_details.mutant(killed_by="cached and reasoning tokens")
class KeepsThreeCounts(Relay):
    """Of the usage, only the three counts are kept."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(usage={name: body["usage"][name] for name in COUNTS}))


class _FillsIn(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def fill(body: dict[str, Any]) -> None:
            for name, count in PATHS:
                details = body["usage"].setdefault(name, {})
                details[count] = self.fill(details.get(count))

        return edits.body(response, fill)

    def fill(self, count: int | None) -> int | None:
        return count


@usage_details.mutant(killed_by="a count of zero")
class ForgetsZero(_FillsIn):
    """Zero counts as nothing: `if cached: ...`."""

    def fill(self, count: int | None) -> int | None:
        return count or None


@usage_details.mutant(killed_by="nothing is made up")
class MakesUpZero(_FillsIn):
    """Where a provider sends no count of cached tokens, the proxy reports zero."""

    def fill(self, count: int | None) -> int | None:
        return count or 0
