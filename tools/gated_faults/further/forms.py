"""Faults that show in a form which its author forgot: a type, a size, a value, or a name among several."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote, unquote

from hopcheck import (
    Events,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    dig,
    event_of,
    incoming,
    items,
    refuse,
)
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import CHAT, COUNTS, EMBEDDINGS, MESSAGES, is_chat, objects

FAULTS = Faults()

MOST_TOOLS = 100
"""Fewer than OpenAI's API takes."""

BATCH = 96
"""How many texts Cohere's API embeds at once."""

WINDOW = 200_000
"""The tokens that most of Anthropic's models take."""

KEPT_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=~"
"""Characters of an address that need no escape somewhere in it."""

OF_DOCUMENTS = {"type", "source", "cache_control"}
"""What a document is made of at providers without citations."""


# from: requests.numbers
@FAULTS.fault(
    r"^requests\.(numbers|many-tools)\[chat|^tools\.(strict-schema|roundtrip)\[chat"
    r"|^request-fidelity\[chat(\.stream)?\]: .*(tool|enum|schema)"
)
class EnumsAreTexts(Relay):
    """In the schema of a chat's tool, the numbers among an enum's values go upstream as texts."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Write the values as a provider takes them that knows enums of texts alone."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if is_chat(outgoing.incoming) else {}
        enums = [one["enum"] for one in objects(body.get("tools")) if isinstance(one.get("enum"), list)]
        wrong = [values for values in enums if any(map(self._is_number, values))]
        for values in wrong:
            values[:] = [str(value) if self._is_number(value) else value for value in values]
        return outgoing.with_json(body) if wrong else outgoing

    def _is_number(self, value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool)


# from: requests.image-parts
@FAULTS.fault(
    r"^requests\.(image-parts|history-forms)\[chat|^request-fidelity\[chat(\.stream)?\]: .*(image|url|part|address)"
)
class AddressesAreTidied(Relay):
    """Escapes in the address of a chat's image are resolved where they seem needless: `%2F` becomes `/`."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Write addresses as a library for them does."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if is_chat(outgoing.incoming) else {}
        images = [one["image_url"] for one in objects(body) if str(dig(one, "image_url", "url")).startswith("http")]
        tidied = {one["url"]: quote(unquote(one["url"]), safe=KEPT_IN_ADDRESSES) for one in images}
        for image in images:
            image["url"] = tidied[image["url"]]
        return outgoing.with_json(body) if any(old != new for old, new in tidied.items()) else outgoing


# from: stream.usage-on-last-content
@FAULTS.fault(
    r"^stream\.usage-[a-z-]+\[chat\.stream\]|^stream\.nonstream-parity\["
    r"|^(response-fidelity|stream-grammar)\[chat\.stream\]: .*(usage|token|count)"
)
class CountsAreAdded(Relay):
    """Token counts that a provider writes on every chunk of a chat, each for all until then, are added up."""

    async def events(self, events: Events) -> Events:
        """Add what each chunk says to the sum."""
        sums: Counter[str] = Counter()
        async for event in super().events(events):
            content: Any = event.json if is_chat(incoming()) else None
            usage: Any = dig(content, "usage")
            if not isinstance(usage, dict):
                yield event
                continue
            is_further = bool(sums)
            sums.update({name: count for name, count in usage.items() if isinstance(count, int)})
            yield event_of({**content, "usage": {**usage, **sums}}) if is_further else event


# from: chat.unknown-response-fields
@FAULTS.fault(
    r"^chat\.(unknown-response-fields|required-fields|service-fields)\[chat\]|^embeddings\.[a-z0-9-]+\[embeddings\]"
    r"|^(response-fidelity|error-shape)\[(chat|embeddings)\]: .*(error|null|502)"
)
class NullIsAnError(Relay):
    """A completion, or embeddings, next to which the provider says `"error": null` become a 502."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Look whether there is an error by its name."""
        response = await super().response(response)
        request = response.incoming
        content: Any = response.json if response.status == 200 and request.path in (CHAT, EMBEDDINGS) else None
        if not isinstance(content, dict) or "error" not in content:
            return response
        headers = (("x-request-id", request.id),)
        return refuse(request, 502, "The provider failed.", code="provider_failed", headers=headers)


# from: requests.many-tools
@FAULTS.fault(
    r"^requests\.many-tools\[chat|^tools\.roundtrip\[chat|^sessions\.[a-z-]+\[chat"
    r"|^request-fidelity\[chat(\.stream)?\]: .*tool"
)
class ToolsHaveALimit(Relay):
    """Of more than 100 tools of a chat, the first 100 go upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Keep what the API takes."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if is_chat(outgoing.incoming) else {}
        tools = items(body, "tools")
        return outgoing.with_json({**body, "tools": tools[:MOST_TOOLS]}) if len(tools) > MOST_TOOLS else outgoing


# from: messages.parts
@FAULTS.fault(
    r"^messages\.(parts|result-turn|cache-control|fields)\[messages"
    r"|^request-fidelity\[messages(\.stream)?\]: .*(document|title|context|citation|part|content)"
)
class DocumentsAreBare(Relay):
    """Documents of a message go upstream without their title, their context, and that they are to be cited."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Keep the document itself."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == MESSAGES else {}
        blocks = [one for one in objects(body.get("messages")) if one.get("type") == "document"]
        rich = [block for block in blocks if block.keys() - OF_DOCUMENTS]
        for block in rich:
            for name in block.keys() - OF_DOCUMENTS:
                del block[name]
        return outgoing.with_json(body) if rich else outgoing


# from: messages.count-tokens
@FAULTS.fault(r"^messages\.count-tokens\[count_tokens\]|^response-fidelity\[count_tokens\]")
class CountsFitTheWindow(Relay):
    """A count of more than 200,000 tokens, for which a model may have no room, is 200,000."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Count to the end of the window."""
        response = await super().response(response)
        content: Any = response.json if response.status == 200 and response.incoming.path == COUNTS else None
        count = dig(content, "input_tokens")
        is_beyond = isinstance(count, int) and count > WINDOW
        return response.with_json({**content, "input_tokens": WINDOW}) if is_beyond else response


# from: responses.incomplete
@FAULTS.fault(
    r"^responses\.(incomplete|refusal|usage)\[responses|^(response-fidelity|stream-grammar)\[responses(\.stream)?\]: "
    r".*(incomplete|reason|filter)"
)
class FilteredIsCutShort(Relay):
    """On Responses, what ended because it was filtered (`content_filter`) says that it reached its limit."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Change a response in one piece."""
        response = await super().response(response)
        content: Any = response.json if response.status == 200 and response.incoming.is_for_responses else None
        return response.with_json(content) if self._changes(content) else response

    async def events(self, events: Events) -> Events:
        """Change the response within a stream's events."""
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            yield event_of(content, event.event) if self._changes(dig(content, "response")) else event

    def _changes(self, content: Any) -> bool:
        details: Any = dig(content, "incomplete_details")
        if dig(details, "reason") != "content_filter":
            return False
        details["reason"] = "max_output_tokens"
        return True


# from: embeddings.batch-order
@FAULTS.fault(r"^embeddings\.(batch-order|many-inputs)\[embeddings\]|^response-fidelity\[embeddings\]: .*(index|order)")
class BatchesBeginAtZero(Relay):
    """Of more than 96 inputs, which are embedded in batches of 96, the indices begin again at 0 with each batch."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Count within each batch."""
        response = await super().response(response)
        content: Any = response.json if response.status == 200 and response.incoming.path == EMBEDDINGS else None
        vectors = items(content, "data")
        later = [one for one in vectors if isinstance(dig(one, "index"), int) and one["index"] >= BATCH]
        for vector in later:
            vector["index"] %= BATCH
        return response.with_json(content) if later else response


# from: http.traceparent
@FAULTS.fault(r"^(http\.traceparent|isolation\.headers)\[|^request-fidelity\[[^]]*\]: .*trace")
class UnsampledTracesEnd(Relay):
    """A trace that isn't recorded (the flags of its `traceparent` are `00`) doesn't go on upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave out the headers of what nobody records."""
        outgoing = await super().request(outgoing)
        traces = [value for name, value in outgoing.headers if name.lower() == "traceparent"]
        if not any(value.endswith("-00") for value in traces):
            return outgoing
        return outgoing.with_header("traceparent", None).with_header("tracestate", None)


# from: auth.required
@FAULTS.fault(
    r"^auth\.(required|odd-keys|scheme-case|model-lookup|stored-responses)\[|^messages\.key-header\[|^authorization\["
)
class KeysHaveNoCase(Relay):
    """A key in other letters, capital for small, is taken for the right one: its table compares so."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Look the key up in any letter case."""
        refusal = await super().authorize(incoming)
        known = {key.casefold() for key in self.config.client_keys}
        return None if incoming.key.casefold() in known else refusal
