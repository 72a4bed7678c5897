"""Faults that one value, one neighbour or one repetition brings out: a second look at what the sentences say."""

from __future__ import annotations

import json
from typing import Any

from hopcheck import (
    Events,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayConfig,
    RelayedResponse,
    dig,
    edits,
    event_of,
    incoming,
    items,
)
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, MESSAGES, is_chat, mapped

FAULTS = Faults()

MOST_ALTERNATIVES = 5
"""As many alternatives to a token as some providers give; others give 20."""

LARGEST = 2**53
"""Integers above it have no exact double."""

LONGEST = 65_536
"""Bytes of a line that a reader has room for by default."""


@FAULTS.fault(
    r"^request-fidelity\[chat(\.stream)?\]: .*logprobs"
    r"|^(requests\.(sampling-params|drop-params-declared)|chat\.logprobs|stream\.logprobs)\["
)
class AsksForFiveAlternatives(Relay):
    """A chat's `top_logprobs` above 5 (up to 20 are allowed) goes upstream as 5."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Ask for what every provider has."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if is_chat(outgoing.incoming) else {}
        wanted = body.get("top_logprobs")
        is_too_many = isinstance(wanted, int) and wanted > MOST_ALTERNATIVES
        return outgoing.with_json({**body, "top_logprobs": MOST_ALTERNATIVES}) if is_too_many else outgoing


@FAULTS.fault(
    r"^request-fidelity\[responses(\.stream)?\]: .*(instructions|system)"
    r"|^responses\.(fields|previous)\[|^sessions\.[a-z-]+\[responses(\.stream)?\]"
)
class InstructionsGoOn(Relay):
    """On Responses, `instructions` are left out next to a `previous_response_id`, though they don't carry over."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Take them for known."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.is_for_responses else {}
        return edits.without_fields(outgoing, "instructions") if body.get("previous_response_id") else outgoing


@FAULTS.fault(
    r"^request-fidelity\[embeddings\]: .*input|^response-fidelity\[embeddings\]: .*(usage|token)"
    r"|^embeddings\.(many-inputs|batch-order|usage-dimensions)\["
)
class EmbedsEqualTextsOnce(Relay):
    """Of equal texts among the inputs, one goes upstream; its embedding is given to all, and the usage is of one."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Send each text once."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == EMBEDDINGS else {}
        given = items(body, "input")
        once = self._once(given)
        return outgoing if len(once) == len(given) else outgoing.with_json({**body, "input": once})

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Give each input the embedding of its text."""
        response = await super().response(response)
        is_vectors = response.status == 200 and response.incoming.path == EMBEDDINGS
        given = items(response.incoming.json, "input") if is_vectors else []
        once = self._once(given)
        if len(once) == len(given):
            return response
        content: Any = response.json
        found = {dig(one, "index"): one for one in items(content, "data") if isinstance(one, dict)}
        places = [once.index(text) for text in given]
        data = [{**found[place], "index": number} for number, place in enumerate(places) if place in found]
        return response.with_json({**content, "data": data})

    def _once(self, given: list[Any]) -> list[Any]:
        are_texts = all(isinstance(one, str) for one in given)
        return list(dict.fromkeys(given)) if are_texts else given


@FAULTS.fault(
    r"^response-fidelity\[chat\]: .*content"
    r"|^(chat\.content-exact|stream\.nonstream-parity|requests\.response-format|translation\.json-schema)\["
)
class WritesJsonAnew(Relay):
    """Where a chat asks for JSON, the JSON that the model wrote arrives without its blanks and line ends."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Parse each choice's text, and write what was read."""
        response = await super().response(response)
        wanted = dig(response.incoming.json, "response_format", "type")
        is_whole = response.status == 200 and is_chat(response.incoming) and not response.streamed
        content: Any = response.json if is_whole and wanted in ("json_object", "json_schema") else None
        messages = [dig(choice, "message") for choice in items(content, "choices")]
        written = [message for message in messages if isinstance(dig(message, "content"), str)]
        for message in written:
            message["content"] = self._anew(message["content"])
        return response.with_json(content) if written else response

    def _anew(self, text: str) -> str:
        try:
            value = json.loads(text)
        except ValueError:
            return text
        is_structured = isinstance(value, (dict, list))
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if is_structured else text


@FAULTS.fault(
    r"^response-fidelity\[messages\]: .*input"
    r"|^messages\.(calls|other-blocks)\[messages\]|^sessions\.[a-z-]+\[messages\]"
)
class CountsInDoubles(Relay):
    """In a message in one piece, integers above 2^53 in a call's input (the ids of many databases) are rounded."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Read the numbers as JavaScript does."""
        response = await super().response(response)
        content: Any = response.json if response.status == 200 and response.incoming.path == MESSAGES else None
        blocks = items(content, "content")
        calls = [block for block in blocks if dig(block, "type") == "tool_use" and dig(block, "input")]
        for call in calls:
            call["input"] = mapped(call["input"], self._double)
        return response.with_json(content) if calls else response

    def _double(self, value: Any) -> Any:
        is_large = isinstance(value, int) and LARGEST < abs(value) < LARGEST**2
        return int(float(value)) if is_large else value


@FAULTS.fault(
    r"^response-fidelity\[chat\.stream\]: .*content"
    r"|^(stream\.(content-exact|nonstream-parity|packed-deltas)|chat\.reasoning-(between|content))\["
)
class ThoughtsTakeTheTextsPlace(Relay):
    """In a stream of chats, a delta with reasoning and a text, where one goes over into the other, loses the text."""

    async def events(self, events: Events) -> Events:
        """Take a delta for one or the other."""
        async for event in super().events(events):
            chunk = edits.chunk_of(event) if is_chat(incoming()) else None
            deltas = [dig(choice, "delta") for choice in items(chunk, "choices")]
            full = [one for one in deltas if dig(one, "reasoning_content") and dig(one, "content")]
            for delta in full:
                del delta["content"]
            yield event_of(chunk) if full else event


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[messages\.stream\]: .*(text|input|thinking|json|JSON|piece|content)"
    r"|^(messages\.(content-exact|pieces|input-pieces|calls|thinking)|sessions\.parallel-calls)\[messages\.stream\]"
)
class HearsNothingTwice(Relay):
    """In a stream of messages, a delta that is equal to the one just before it ("ha", "ha") is dropped as a repeat."""

    async def events(self, events: Events) -> Events:
        """Compare each event's data with those of the event before."""
        before: str | None = None
        async for event in super().events(events):
            is_delta = event.event == "content_block_delta" and incoming().path == MESSAGES
            is_repeat = is_delta and event.data == before
            before = event.data
            if not is_repeat:
                yield event


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[responses\.stream\]"
    r"|^(responses\.(content-exact|sdk-stream|usage-with-the-end|calls|broken-stream)"
    r"|stream\.(long-event|frame-split|utf8-split))\[responses\.stream\]"
)
class SkipsLongLines(Relay):
    """In a stream of Responses, an event of more than 64 KiB, such as the end of a long response, is left out."""

    async def events(self, events: Events) -> Events:
        """Go on with the next line that the reader has room for."""
        async for event in super().events(events):
            if not incoming().is_for_responses or len((event.data or "").encode()) <= LONGEST:
                yield event


@FAULTS.fault(
    r"^cache\.off-by-default\[chat\]|^(attempts|identity)\[chat\]|^(requests\.single-attempt|chat\.id-unique)\["
)
class RemembersWhatIsCertain(Relay):
    """A chat in one piece with a temperature of 0 that is asked again is answered from memory, not by the provider."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.remembered_bodies: dict[tuple[str, bytes], bytes] = {}

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Answer what was answered."""
        refusal = await super().check(incoming)
        known = self.remembered_bodies.get((incoming.key, incoming.body)) if self._is_certain(incoming) else None
        if refusal is not None or known is None:
            return refusal
        return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], known)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Remember what the provider answers."""
        response = await super().response(response)
        asked = response.incoming
        if response.status == 200 and response.origin == "provider" and self._is_certain(asked):
            self.remembered_bodies[(asked.key, asked.body)] = response.body
        return response

    def _is_certain(self, incoming: IncomingRequest) -> bool:
        return is_chat(incoming) and not incoming.streams and bool(dig(incoming.json, "temperature") == 0)


@FAULTS.fault(
    r"^auth\.(required|odd-keys|model-lookup)\[models\]|^models\.get\[|^(unprovoked|error-shape)\[(models|other)\]"
)
class DescribesModelsToAll(Relay):
    """A single model (`GET /v1/models/ID`) is described without a key, or with a wrong one; the list isn't given."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Guard the path of the list alone."""
        refusal = await super().authorize(incoming)
        is_description = incoming.method == "GET" and incoming.path.startswith("/v1/models/")
        return None if is_description else refusal
