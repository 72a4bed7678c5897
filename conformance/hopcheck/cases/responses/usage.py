"""What a response has used, as bills are made of it."""

from typing import Any

from hopcheck import ON_RESPONSES, EditsObjects, Findings, Operation, Relay, Target, case, dig, edits, expect, reply

COUNTS = {
    "prompt_tokens": 131,
    "completion_tokens": 37,
    "total_tokens": 168,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
ZEROS = {"prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}
SUMS = {"input_tokens": 131, "output_tokens": 37, "total_tokens": 168}


def _usage(response: Any) -> Any:
    return dig(response.final, "usage") if hasattr(response, "final") else response.at("usage")


@case(
    "responses.usage",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: usage"],
    upstream={
        "": reply.chat("Hello", usage=COUNTS),
        "zeros": reply.chat("Hello", usage={**COUNTS, **ZEROS}),
        "none": reply.chat("Hello", usage=None),
    },
)
async def usage(target: Target, ask: Operation) -> Findings:
    """The usage is the provider's: its sums, and what of them was cached or spent on reasoning; none is made up."""
    used = _usage(await ask())
    yield expect("sums", {name: dig(used, name) for name in SUMS}, equals=SUMS)
    cached = dig(used, "input_tokens_details", "cached_tokens")
    reasoned = dig(used, "output_tokens_details", "reasoning_tokens")
    yield expect("cached and reasoning tokens", [cached, reasoned], equals=[100, 30])
    fresh = _usage(await ask(script="zeros"))
    zeros = [
        dig(fresh, "input_tokens_details", "cached_tokens"),
        dig(fresh, "output_tokens_details", "reasoning_tokens"),
    ]
    yield expect("cached and reasoning tokens that are zero", zeros, equals=[0, 0], level="SHOULD")
    yield expect("usage of a provider that gives none", _usage(await ask(script="none")), equals=None, level="SHOULD")


class _Counts(EditsObjects):
    def edit(self, content: dict[str, Any]) -> None:
        if "input_tokens" in content:
            self.count(content)

    def count(self, used: dict[str, Any]) -> None:
        """Change what was used."""


@usage.mutant(killed_by="sums")
class CountsCachedApart(_Counts):
    """Cached tokens aren't among those of the input."""

    def count(self, used: dict[str, Any]) -> None:
        used["input_tokens"] -= dig(used, "input_tokens_details", "cached_tokens") or 0


@usage.mutant(killed_by="cached and reasoning tokens")
class ForgetsDetails(_Counts):
    """Details of the usage are zero."""

    def count(self, used: dict[str, Any]) -> None:
        used["input_tokens_details"] = {"cached_tokens": 0}
        used["output_tokens_details"] = {"reasoning_tokens": 0}


@usage.mutant(killed_by="cached and reasoning tokens that are zero")
class ForgetsZeros(_Counts):
    """Details of the usage that are zero are left out."""

    def count(self, used: dict[str, Any]) -> None:
        for name in ("input_tokens_details", "output_tokens_details"):
            if not any((used.get(name) or {}).values()):
                used.pop(name, None)


@usage.mutant(killed_by="usage of a provider that gives none")
class Guesses(EditsObjects):
    """Where a provider gives no usage, it is guessed."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response" and content["status"] == "completed" and not content["usage"]:
            content["usage"] = {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}


@case(
    "responses.usage-with-the-end",
    level="MUST",
    on="responses.stream",
    refs=["OAI Responses streaming: response.completed"],
    upstream=reply.chat("Hello", usage=COUNTS),
)
async def usage_at_the_end(target: Target, ask: Operation) -> Findings:
    """A stream has its usage with the event that ends it, without being asked for it."""
    stream = await ask.stream()
    yield expect("usages", [dig(one, "output_tokens") for one in stream.usages], equals=[37])


@usage_at_the_end.mutant(killed_by="usages", trips=("responses.usage",))
class WantsToBeAsked(Relay):
    """A stream has its usage where `stream_options` asks for it."""

    def events(self, events: Any) -> Any:
        def edit(content: dict[str, Any]) -> None:
            if content.get("object") == "response":
                content["usage"] = None

        return edits.every_event_object(events, edit)
