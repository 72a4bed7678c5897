"""Fields, routes and counts that fewer requests have: what is asked, answered, tried again or listed in their place."""

from __future__ import annotations

from typing import Any

from hopcheck import Events, Failure, OutgoingRequest, Relay, RelayedResponse, dig, event_of, incoming, items
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import MESSAGES, Json, is_chat

FAULTS = Faults()

EFFORTS = (1_024, 2_048, 4_096)
"""The budgets of thinking that low, medium and high effort stand for."""

CACHED = ("cache_read_input_tokens", "cache_creation_input_tokens")

OVERLOADED = 529
"""Anthropic's status for what is overloaded: no RFC has it."""


@FAULTS.fault(
    r"^request-fidelity\[(chat|messages)(\.stream)?\]: .*stop"
    r"|^(requests\.sampling-params|messages\.fields)\[[^]]*\]: .*stop"
)
class StopsAtWordsAlone(Relay):
    """Of what a response has to stop at, texts of white space alone, such as an empty line, are left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave them out, since another provider refuses them."""
        outgoing = await super().request(outgoing)
        name = "stop" if is_chat(outgoing.incoming) else "stop_sequences"
        body = outgoing.json if is_chat(outgoing.incoming) or outgoing.incoming.path == MESSAGES else {}
        given = [body[name]] if isinstance(body.get(name), str) else items(body, name)
        kept = [text for text in given if not isinstance(text, str) or text.strip()]
        if len(kept) == len(given):
            return outgoing
        rest = {one: value for one, value in body.items() if one != name}
        return outgoing.with_json({**rest, name: kept} if kept else rest)


@FAULTS.fault(
    r"^request-fidelity\[messages(\.stream)?\]: .*(thinking|budget)"
    r"|^messages\.(thinking-returned|fields)\[[^]]*\]: .*(thinking|budget)"
)
class BudgetsAreEfforts(Relay):
    """On Messages, a budget of thinking becomes an effort, and then the budget that stands for it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Send the budget of the least effort that has enough of it."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == MESSAGES else {}
        budget = dig(body, "thinking", "budget_tokens")
        if not isinstance(budget, int) or budget in EFFORTS:
            return outgoing
        meant = next((one for one in EFFORTS if one > budget), EFFORTS[-1])
        return outgoing.with_json({**body, "thinking": {**body["thinking"], "budget_tokens": meant}})


@FAULTS.fault(
    r"^request-fidelity\[messages(\.stream)?\]: .*tools?\b"
    r"|^messages\.(fields|cache-control)\[[^]]*\]: .*(tool|cache)"
)
class ServerToolsAreNames(Relay):
    """On Messages, the provider's own tools (a search of the web) go upstream with their type and name alone."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave out how often they may be used, and where."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == MESSAGES else {}
        tools = items(body, "tools")
        changed = [self._bare(tool) if self._is_providers(tool) else tool for tool in tools]
        return outgoing if changed == tools else outgoing.with_json({**body, "tools": changed})

    def _is_providers(self, tool: Any) -> bool:
        return isinstance(tool, dict) and tool.get("type") not in (None, "custom")

    def _bare(self, tool: Json) -> Json:
        return {name: tool[name] for name in ("type", "name") if name in tool}


@FAULTS.fault(
    r"^request-fidelity\[responses(\.stream)?\]: .*(file|input|part|content)|^responses\.input-parts\["
    r"|^sessions\.[a-z-]+\[responses(\.stream)?\]: .*(file|part)"
)
class FilesHaveNoNames(Relay):
    """On Responses, a file in a message goes upstream without its name."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.is_for_responses else {}
        parts = [part for item in items(body, "input") for part in items(item, "content")]
        files = [part for part in parts if dig(part, "type") == "input_file" and "filename" in part]
        for file in files:
            del file["filename"]
        return outgoing.with_json(body) if files else outgoing


@FAULTS.fault(r"^request-fidelity\[responses(\.stream)?\]: .*choice|^responses\.fields\[[^]]*\]: .*choice")
class ChoosesAsChatsDo(Relay):
    """On Responses, a choice of one function goes upstream in the form of chats, with the name in `function`."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Write it as chats have it."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.is_for_responses else {}
        choice = body.get("tool_choice")
        if dig(choice, "type") != "function" or not dig(choice, "name"):
            return outgoing
        chosen = {"type": "function", "function": {"name": dig(choice, "name")}}
        return outgoing.with_json({**body, "tool_choice": chosen})


@FAULTS.fault(
    r"^response-fidelity\[responses\]: .*(call|\bids?\b)|^responses\.(calls|previous)\[responses\]"
    r"|^(identity|sessions\.[a-z-]+)\[responses\]: .*(call|\bids?\b)"
)
class CallsByTheirItem(Relay):
    """In a response in one piece, a call's `call_id` is the id of its item."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Take one id for both."""
        response = await super().response(response)
        is_whole = response.status == 200 and response.incoming.is_for_responses and not response.streamed
        content = response.json if is_whole else None
        calls = [one for one in items(content, "output") if dig(one, "type") == "function_call" and dig(one, "id")]
        for call in calls:
            call["call_id"] = call["id"]
        return response.with_json(content) if calls else response


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[messages(\.stream)?\]: .*(usage|token)"
    r"|^messages\.(usage|usage-at-start)\["
)
class InputHasTheCache(Relay):
    """On Messages, what was read from a cache, or written to it, is counted as fresh input once more."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Count a message in one piece."""
        response = await super().response(response)
        content = response.json if response.status == 200 and response.incoming.path == MESSAGES else None
        return response.with_json(content) if self._sums_up(dig(content, "usage")) else response

    async def events(self, events: Events) -> Events:
        """Count where a stream begins and where it ends."""
        async for event in super().events(events):
            content: Any = event.json if incoming().path == MESSAGES else None
            changed = [self._sums_up(dig(content, "message", "usage")), self._sums_up(dig(content, "usage"))]
            yield event_of(content, event.event) if any(changed) else event

    def _sums_up(self, usage: Any) -> bool:
        counts = [dig(usage, name) for name in CACHED]
        cached = sum(count for count in counts if isinstance(count, int))
        if not cached or not isinstance(dig(usage, "input_tokens"), int):
            return False
        usage["input_tokens"] += cached
        return True


@FAULTS.fault(r"^retry\.declared\[|^(attempts|error-shape|response-fidelity)\[[^]]*\]: .*529")
class OverloadIsForGood(Relay):
    """A provider's 529 isn't tried again: it isn't among the statuses that pass."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Give up at once."""
        wait_s = await super().retry(outgoing, failure)
        return None if failure.status == OVERLOADED else wait_s


@FAULTS.fault(r"^models\.(aliases|list-shape)\[|^internals\[(models|other)\]|^contract\.response\[models\]")
class RootsNameTheProvider(Relay):
    """In the list of models, `root` is a model's name at its provider."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Add it to each."""
        response = await super().response(response)
        content = response.json if response.status == 200 and response.incoming.path == "/v1/models" else None
        entries = [entry for entry in items(content, "data") if isinstance(entry, dict)]
        for entry in entries:
            entry |= {"root": self.config.upstream_models.get(str(entry["id"]), entry["id"]), "parent": None}
        return response.with_json(content) if entries else response


@FAULTS.fault(
    r"^auth\.(fallback-credential|upstream-key-used)\[messages"
    r"|^(credentials|attempts|fallback\.[a-z-]+)\[messages(\.stream)?\]: .*(key|credential)"
)
class FallsBackWithTheFirstKey(Relay):
    """On Messages, a fallback is asked with the primary's key: the header is made once for a request."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Keep the key of the model that the client named."""
        outgoing = await super().request(outgoing)
        asked = outgoing.incoming.model
        has_fallen_back = outgoing.attempt > 1 and asked not in ("", outgoing.model)
        if not outgoing.incoming.is_anthropic or not has_fallen_back:
            return outgoing
        return outgoing.with_header("x-api-key", self.config.upstream_keys.get(asked, self.config.upstream_key))
