"""What a message has used; Anthropic's input tokens don't include what a cache was involved in."""

from typing import Any

from hopcheck import ON_MESSAGES, EditsObjects, Findings, Operation, Relay, Target, case, dig, edits, expect, reply

COUNTS = {
    "prompt_tokens": 131,
    "completion_tokens": 37,
    "total_tokens": 168,
    "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 20, "cache_write_1h_tokens": 5},
}
LIFETIMES = {"ephemeral_5m_input_tokens": 15, "ephemeral_1h_input_tokens": 5}
USED = {"input_tokens": 11, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 37}


def used(response: Any) -> dict[str, Any]:
    """The usage of a message; of a stream, what its first event and its last ones add up to."""
    if not hasattr(response, "objects"):
        return _counts(response.at("usage"))
    found: dict[str, Any] = {}
    for event in response.objects:
        usage = _counts(dig(event, "message", "usage") or dig(event, "usage"))
        found |= {name: value for name, value in usage.items() if value is not None}
    return found


def _counts(usage: Any) -> dict[str, Any]:
    return usage if isinstance(usage, dict) else {}


@case(
    "messages.usage",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API usage", "Anthropic API prompt caching: cache_read_input_tokens"],
    upstream=reply.chat("Hello", usage=COUNTS),
)
async def usage(target: Target, ask: Operation) -> Findings:
    """The usage is the provider's: fresh input, what a cache gave, what it took and for how long, and the output."""
    found = used(await ask())
    yield expect("input and output", {name: found.get(name) for name in ("input_tokens", "output_tokens")}, equals={
        "input_tokens": 11, "output_tokens": 37
    })  # fmt: skip
    yield expect("all counts", {name: found.get(name) for name in USED}, equals=USED)
    if not target.translates:  # no other dialect has them
        yield expect("lifetimes of what was written", found.get("cache_creation"), equals=LIFETIMES)


@usage.mutant(killed_by="input and output", trips=("messages.usage-at-start",))
class AddsCachedInput(EditsObjects):
    """Input tokens include the cached ones, as OpenAI counts."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("input_tokens"):
            content["input_tokens"] += content.get("cache_read_input_tokens") or 0


@usage.mutant(killed_by="all counts")
class ForgetsWrites(EditsObjects):
    """What was written to a cache isn't counted."""

    def edit(self, content: dict[str, Any]) -> None:
        if "cache_creation_input_tokens" in content:
            content["cache_creation_input_tokens"] = 0


@usage.mutant(killed_by="lifetimes of what was written")
class ForgetsLifetimes(EditsObjects):
    """How long a cache keeps what was written is left out."""

    def edit(self, content: dict[str, Any]) -> None:
        content.pop("cache_creation", None)


@case(
    "messages.usage-at-start",
    level="SHOULD",
    on="messages.stream",
    refs=["Anthropic API streaming: message_start", "litellm: message_start has no usage"],
    upstream=reply.chat("Hello", usage=COUNTS),
)
async def usage_at_start(target: Target, ask: Operation) -> Findings:
    """The first event of a stream has the input's tokens: clients show them before the answer is there."""
    stream = await ask.stream()
    first = next((one for one in stream.objects if dig(one, "type") == "message_start"), None)
    yield expect("input tokens", dig(first, "message", "usage", "input_tokens"), equals=11)


@usage_at_start.mutant(killed_by="input tokens", trips=("messages.usage",))
class CountsInTheEnd(Relay):
    """At first, nothing has been used."""

    def events(self, events: Any) -> Any:
        def edit(content: dict[str, Any]) -> None:
            if content.get("type") == "message_start":
                content["message"]["usage"] = {"input_tokens": 0, "output_tokens": 0}

        return edits.every_event_object(events, edit)
