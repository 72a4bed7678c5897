"""Fields of a provider's answer that no standard knows."""

from hopcheck import Events, Findings, Relay, RelayedResponse, Target, case, dig, event_of, expect, refuse, reply

TEXT = ("Hel", "lo")
VENDOR = {"x_region": {"name": "eu", "zones": [1, 2]}, "x_cost": 0.25, "error": None}
"""Some say that there is no error."""


@case(
    "chat.unknown-response-fields",
    level="SHOULD",
    refs=["litellm#36168"],
    upstream=reply.chat(*TEXT, message={"x_mood": "calm"}, usage={**reply.USAGE, "x_cache": {"hits": 1}}, extra=VENDOR),
)
async def unknown_response_fields(target: Target) -> Findings:
    """Fields that only the provider knows are kept or dropped, and break nothing."""
    answer = await target.chat.create()
    yield expect("text", dig(answer.message, "content"), equals="Hello")
    stream = await target.chat.stream()
    yield expect("streamed text", stream.joined(), equals="Hello")


@unknown_response_fields.mutant(killed_by="text")
class ReadsStrictly(Relay):
    """An answer with an unknown field doesn't pass the proxy's own schema: 502."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if isinstance(response.json, dict) and "x_region" in response.json:
            return refuse(response.incoming, 502, "The provider's answer has an unknown field.")
        return response


@unknown_response_fields.mutant(killed_by="streamed text")
class StreamsStrictly(Relay):
    """A delta with an unknown field ends the stream with an error."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if "x_mood" in (dig(event.json, "choices", 0, "delta") or ()):
                yield event_of({"error": {"message": "Unknown field.", "type": "server_error"}})
                return
            yield event
