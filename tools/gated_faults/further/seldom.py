"""Faults that a second kind, a second part or a second model brings out: another look at what the sentences say."""

from __future__ import annotations

import re
from typing import Any

from hopcheck import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    dig,
    edits,
    event_of,
    incoming,
    items,
)
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import MESSAGES, Json, is_chat, objects

FAULTS = Faults()

FOREIGN = re.compile(r"[^A-Za-z0-9_-]")
"""What ids of calls don't have at the providers that are met most: others write `functions.lookup:0`."""

OF_CLOUDFLARE = range(520, 528)
"""Statuses of the network in front of many providers: it can't reach them, or waits in vain. No RFC has them."""


@FAULTS.fault(
    r"^request-fidelity\[messages(\.stream)?\]: .*(cache|ttl|mark)"
    r"|^(messages\.cache-control|sessions\.(agent-history|prefix-stable))\[messages(\.stream)?\]"
)
class OneLifeForAllMarks(Relay):
    """On Messages, every `cache_control` of a request becomes the first one's, so all of a mixture have one `ttl`."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Make the mark once."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == MESSAGES else {}
        marks = [one["cache_control"] for one in objects(body) if isinstance(one.get("cache_control"), dict)]
        different = [mark for mark in marks if mark != marks[0]]
        for mark in different:
            mark.clear()
            mark.update(marks[0])
        return outgoing.with_json(body) if different else outgoing


@FAULTS.fault(
    r"^fallback\.(same-request|taken)\[chat(\.stream)?\]"
    r"|^(request-fidelity|attempts)\[chat(\.stream)?\]: .*(format|another|same|fallback|backup)"
)
class BackupsAnswerFreely(Relay):
    """A chat that falls back is asked of the backup without its `response_format`, which that model may not know."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave out what only the best models do."""
        outgoing = await super().request(outgoing)
        asked = outgoing.incoming.model
        has_fallen_back = outgoing.attempt > 1 and asked not in ("", outgoing.model)
        body = outgoing.json if has_fallen_back and is_chat(outgoing.incoming) else {}
        if "response_format" not in body:
            return outgoing
        return outgoing.with_json({name: value for name, value in body.items() if name != "response_format"})


@FAULTS.fault(
    r"^response-fidelity\[chat\]: .*(call|\bids?\b)|^tools\.(call-nonstream|text-and-call|result-turn)\[chat\]"
    r"|^(chat\.content-null|stream\.nonstream-parity|translation\.parallel-calls)\["
)
class IdsHaveOneForm(Relay):
    """In a chat in one piece, dots, colons and the like in the id of a call (`functions.lookup:0`) become `_`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Write ids as every provider takes them back."""
        response = await super().response(response)
        content: Any = response.json if response.status == 200 and is_chat(response.incoming) else None
        messages = [dig(choice, "message") for choice in items(content, "choices")]
        calls = [call for message in messages for call in items(message, "tool_calls")]
        odd = [call for call in calls if isinstance(dig(call, "id"), str) and FOREIGN.search(call["id"])]
        for call in odd:
            call["id"] = FOREIGN.sub("_", call["id"])
        return response.with_json(content) if odd else response


@FAULTS.fault(
    r"^response-fidelity\[messages\]: .*(thinking|signature|content|block)"
    r"|^(messages\.(thinking|redacted-thinking|other-blocks)|sessions\.same-deployment)\[messages\]"
)
class ThoughtsNeedWords(Relay):
    """In a message in one piece, thinking without words (`display: omitted`) is dropped, with its signature."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Drop what looks empty."""
        response = await super().response(response)
        content: Any = response.json if response.status == 200 and response.incoming.path == MESSAGES else None
        blocks = items(content, "content")
        kept = [block for block in blocks if dig(block, "type") != "thinking" or dig(block, "thinking")]
        return response if len(kept) == len(blocks) else response.with_json({**content, "content": kept})


@FAULTS.fault(
    r"^response-fidelity\[responses\]: .*(output|item|content|text)"
    r"|^responses\.(content-exact|calls|other-items|reasoning|annotations)\[responses\]"
)
class OneMessageForAll(Relay):
    """In a response in one piece, the texts of further messages of its output are put into the first message."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Have one message, as a chat has."""
        response = await super().response(response)
        is_whole = response.status == 200 and response.incoming.is_for_responses and not response.streamed
        content: Any = response.json if is_whole else None
        output = items(content, "output")
        messages = [item for item in output if dig(item, "type") == "message"]
        if len(messages) < 2:
            return response
        messages[0]["content"] = [part for message in messages for part in items(message, "content")]
        kept = [item for item in output if item is messages[0] or dig(item, "type") != "message"]
        return response.with_json({**content, "output": kept})


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[chat\.stream\]: .*(tool.?call|\bcalls?\b|custom)"
    r"|^tools\.(custom-tool|stream-[a-z-]+|text-around-call|roundtrip)\[chat\.stream\]"
    r"|^stream\.(packed-deltas|nonstream-parity|chunk-schema)\["
)
class StreamsFunctionsAlone(Relay):
    """In a stream of chats, calls of custom tools are left out; those of functions come."""

    async def events(self, events: Events) -> Events:
        """Keep the pieces that are of a function."""
        async for event in super().events(events):
            chunk = edits.chunk_of(event) if is_chat(incoming()) else None
            deltas = [dig(choice, "delta") for choice in items(chunk, "choices")]
            changed = [delta for delta in deltas if any(map(self._is_custom, items(delta, "tool_calls")))]
            for delta in changed:
                functions = [call for call in delta.pop("tool_calls") if not self._is_custom(call)]
                delta.update({"tool_calls": functions} if functions else {})
            yield event_of(chunk) if changed else event

    def _is_custom(self, call: Any) -> bool:
        return dig(call, "custom") is not None


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[messages\.stream\]: .*(usage|token)"
    r"|^messages\.(usage|usage-at-start|other-blocks)\[messages\.stream\]"
)
class TheEndCountsOutputAlone(Relay):
    """A stream of messages ends with `output_tokens` alone, and lacks the input that its own searches have added."""

    async def events(self, events: Events) -> Events:
        """Leave the rest to the start."""
        async for event in super().events(events):
            content: Any = event.json if incoming().path == MESSAGES else None
            usage: Any = dig(content, "usage") if dig(content, "type") == "message_delta" else None
            if not isinstance(usage, dict) or not usage.keys() - {"output_tokens"}:
                yield event
                continue
            kept: Json = {name: count for name, count in usage.items() if name == "output_tokens"}
            yield event_of({**content, "usage": kept}, event.event)


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[responses\.stream\]: .*(summary|reasoning|part|index)"
    r"|^responses\.(reasoning|sdk-stream|pieces|other-items)\[responses\.stream\]"
)
class SummariesHaveOnePart(Relay):
    """In a stream of Responses, all events of a reasoning's further summaries have the `summary_index` 0."""

    async def events(self, events: Events) -> Events:
        """Know one place for them."""
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            is_further = bool(dig(content, "summary_index"))
            yield event_of({**content, "summary_index": 0}, event.event) if is_further else event


@FAULTS.fault(r"^retry\.(declared|budget|model-name)\[|^(attempts|error-shape|response-fidelity)\[[^]]*\]: .*52\d")
class CloudflareIsForGood(Relay):
    """A provider's 520 to 527, with which Cloudflare says that it can't reach it, isn't tried again, as 502 is."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Give up at once."""
        wait_s = await super().retry(outgoing, failure)
        return None if failure.status in OF_CLOUDFLARE else wait_s


@FAULTS.fault(
    r"^rate_limit\.(exact|rejected-not-upstream|429-shape|headers|isolation|recovers)\[|^attempts\[chat\.stream\]"
)
class StreamsAreFree(Relay):
    """Streams aren't counted against a limit of requests, nor refused when it is used up."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Count what comes in one piece."""
        if not incoming.streams or incoming.model not in self.config.rate_limits:
            return await super().limit(incoming)
        self.limits.in_flight[incoming.model] += 1
        return None
