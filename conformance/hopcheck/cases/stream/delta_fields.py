"""What deltas hold besides text and calls, and what usage holds besides counts."""

from typing import Any

from hopcheck import Events, Findings, Relay, Target, case, dig, edits, expect, function_tools, reply

CITED = {"url": "https://hopcheck.invalid/a", "title": "A", "start_index": 0, "end_index": 5}
ANNOTATION = {"type": "url_citation", "url_citation": CITED}

FIELDS: dict[str, Any] = {
    "refusal": "I can't help with that.",
    "annotations": [ANNOTATION],
    "function_call": {"name": "look_up", "arguments": "{}"},
}
"""Fields of a message, by name."""

USAGE = {
    **reply.USAGE,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 5,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 4,
        "rejected_prediction_tokens": 3,
    },
}


@case(
    "stream.delta-fields",
    level="SHOULD",
    refs=["OAI ChatCompletionStreamResponseDelta", "litellm#18801"],
    upstream={
        **{name: reply.stream("Hello", message={name: value}) for name, value in FIELDS.items()},
        "usage": reply.stream("Hello", usage=USAGE),
    },
)
async def delta_fields(target: Target) -> Findings:
    """A refusal, annotations and a function call arrive in a stream, and so do the details of its usage."""
    functions = [tool["function"] for tool in function_tools("look_up")]
    asked: dict[str, Any] = {"function_call": {"extra": {"functions": functions}}}
    streams = {name: await target.chat.stream(script=name, **asked.get(name, {})) for name in FIELDS}
    for name, value in FIELDS.items():
        found = [delta[name] for delta in streams[name].deltas() if delta.get(name) is not None]
        if name == "refusal":  # a text, which may come in any pieces
            found = ["".join(map(str, found))]
        yield expect(name, found, equals=[value])
    usages = (await target.chat.stream(script="usage", stream_options={"include_usage": True})).usages
    details = {name: dig(usages[-1] if usages else None, name) for name in USAGE if name.endswith("_details")}
    yield expect("usage details", details, equals={name: USAGE[name] for name in details})


class Without(Relay):
    """A field of deltas is dropped."""

    field = ""

    def events(self, events: Events) -> Events:
        def drop(choice: dict[str, Any]) -> None:
            if isinstance(choice.get("delta"), dict):
                choice["delta"].pop(self.field, None)

        return edits.chunk_choices(events, drop)


@delta_fields.mutant(killed_by="refusal")
class WithoutRefusals(Without):
    """A refusal is no part of a delta."""

    field = "refusal"


@delta_fields.mutant(killed_by="annotations")
class WithoutAnnotations(Without):
    """Annotations come with a message, and not with a delta."""

    field = "annotations"


@delta_fields.mutant(killed_by="function_call")
class WithoutFunctionCalls(Without):
    """Function calls are what tool calls were called before."""

    field = "function_call"


@delta_fields.mutant(killed_by="usage details")
class KnowsFewDetails(Relay):
    """Of the details of a usage, those that bills are made of are kept."""

    def events(self, events: Events) -> Events:
        def bare(chunk: dict[str, Any]) -> None:
            for name in ("accepted_prediction_tokens", "rejected_prediction_tokens"):
                (dig(chunk, "usage", "completion_tokens_details") or {}).pop(name, None)

        return edits.chunks(events, bare)


@delta_fields.mutant(killed_by="usage details", trips=("stream.*",))
class CountsOnly(Relay):
    """A stream's usage holds the three counts."""

    def events(self, events: Events) -> Events:
        def bare(chunk: dict[str, Any]) -> None:
            if isinstance(chunk.get("usage"), dict):
                chunk["usage"] = {name: chunk["usage"].get(name) for name in reply.USAGE}

        return edits.chunks(events, bare)
