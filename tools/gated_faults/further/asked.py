"""Requests that lose something, for one value, one form or one attempt alone."""

from __future__ import annotations

import json
from typing import Any

from hopcheck import OutgoingRequest, Relay
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import COUNTS, EMBEDDINGS, MESSAGES, Json, is_chat

FAULTS = Faults()


def without(content: Json, name: str) -> Json:
    """An object without one of its members."""
    return {one: value for one, value in content.items() if one != name}


@FAULTS.fault(r"^request-fidelity\[chat(\.stream)?\]: .*parallel|^tools\.roundtrip\[")
class ForcedCallsMayBeParallel(Relay):
    """`parallel_tool_calls: false` is left out of a chat that names the function to be called."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out, since one function is called once."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if is_chat(outgoing.incoming) else {}
        is_forced = isinstance(body.get("tool_choice"), dict) and body.get("parallel_tool_calls") is False
        return outgoing.with_json(without(body, "parallel_tool_calls")) if is_forced else outgoing


@FAULTS.fault(r"^request-fidelity\[responses(\.stream)?\]: .*(strict|tool)|^responses\.fields\[")
class LooseIsTheDefault(Relay):
    """On Responses, a function's `strict: false` is left out, as if it were the default, which there is true."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out of each function that has it."""
        outgoing = await super().request(outgoing)
        tools = outgoing.json.get("tools") if outgoing.incoming.is_for_responses else None
        if not isinstance(tools, list) or not any(self._is_loose(tool) for tool in tools):
            return outgoing
        changed = [without(tool, "strict") if self._is_loose(tool) else tool for tool in tools]
        return outgoing.with_json({**outgoing.json, "tools": changed})

    def _is_loose(self, tool: Any) -> bool:
        return isinstance(tool, dict) and tool.get("strict") is False


@FAULTS.fault(r"^request-fidelity\[messages(\.stream)?\]: .*(choice|parallel)|^messages\.fields\[")
class AutomaticIsNothing(Relay):
    """On Messages, a `tool_choice` of `auto` is left out as the default, with its `disable_parallel_tool_use`."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out where it says more than the default."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == MESSAGES else {}
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and choice.get("type") == "auto" and choice.get("disable_parallel_tool_use"):
            return outgoing.with_json(without(body, "tool_choice"))
        return outgoing


@FAULTS.fault(r"^request-fidelity\[count_tokens\]|^messages\.count-tokens\[")
class CountsWithoutSystemBlocks(Relay):
    """Tokens are counted without the system's text where that is given in blocks."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave blocks out."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == COUNTS else {}
        in_blocks = isinstance(body.get("system"), list)
        return outgoing.with_json(without(body, "system")) if in_blocks else outgoing


@FAULTS.fault(
    r"^request-fidelity\[responses(\.stream)?\]: .*(result|output|input|turn|image)"
    r"|^(responses\.(call-turn|input-parts)|sessions\.[a-z-]+)\[responses"
)
class WritesResultsAsText(Relay):
    """On Responses, a call's result that is given in parts (a text, an image) becomes a text of their JSON."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Write the parts as a text."""
        outgoing = await super().request(outgoing)
        given = outgoing.json.get("input") if outgoing.incoming.is_for_responses else None
        if not isinstance(given, list) or not any(self._has_parts(item) for item in given):
            return outgoing
        written = [{**item, "output": json.dumps(item["output"])} if self._has_parts(item) else item for item in given]
        return outgoing.with_json({**outgoing.json, "input": written})

    def _has_parts(self, item: Any) -> bool:
        is_result = isinstance(item, dict) and item.get("type") == "function_call_output"
        return is_result and isinstance(item.get("output"), list)


@FAULTS.fault(r"^request-fidelity\[embeddings\]: .*dimensions|^embeddings\.(usage-dimensions|base64)\[")
class EncodedVectorsAreFull(Relay):
    """The number of dimensions isn't passed on where the embedding is wanted in base64."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.path == EMBEDDINGS else {}
        is_encoded = body.get("encoding_format") == "base64" and "dimensions" in body
        return outgoing.with_json(without(body, "dimensions")) if is_encoded else outgoing


@FAULTS.fault(
    r"^(http\.(traceparent|keepalive)|isolation\.headers)\["
    r"|^(identity|request-fidelity|http|attempts|credentials)\[[^]]*\]: .*trace"
)
class ConnectionsKeepTheirTrace(Relay):
    """The first trace that a client's connection names goes upstream with its later requests that name none."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Add the connection's trace to a request without one."""
        outgoing = await super().request(outgoing)
        traces: dict[int, str] = self.__dict__.setdefault("traces", {})
        connection = outgoing.incoming.exchange.connection
        own = outgoing.incoming.header("traceparent")
        if own:
            traces.setdefault(connection, own)
            return outgoing
        return outgoing.with_header("traceparent", traces[connection]) if connection in traces else outgoing


@FAULTS.fault(
    r"^(attempts|request-fidelity)\[(messages(\.stream)?|count_tokens)\]: .*(retry|another|same|beta|header)"
    r"|^messages\.api-version\["
)
class RetriesWithoutBetas(Relay):
    """A retry of a message has no `anthropic-beta`: its headers are made anew."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave the betas out of a further attempt."""
        outgoing = await super().request(outgoing)
        is_retry = outgoing.incoming.is_anthropic and outgoing.attempt > 1
        return outgoing.with_header("anthropic-beta", None) if is_retry else outgoing
