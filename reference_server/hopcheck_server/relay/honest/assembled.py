"""An honest relay that asks its provider for streams alone, and puts them together for who asked for one piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.errors import is_error
from hopcheck_server.relay.messages import Events, Failure, OutgoingRequest
from hopcheck_server.relay.provider import ProviderClient, ProviderResponse, begun
from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.streams import checked
from hopcheck_server.wire.client import ClientConnection, Head

PIECES = frozenset({"content", "reasoning_content", "refusal", "arguments"})
"""Texts that come in pieces; others come whole."""


class AssemblingClient(ProviderClient):
    """Puts a stream together that nobody asked for as one."""

    async def streamed(
        self, outgoing: OutgoingRequest, head: Head, events: Events, connection: ClientConnection
    ) -> ProviderResponse:
        """The stream, or what it makes.

        Raises:
            Failure: It begins with an error, ends early, or an error comes in it.
        """
        if outgoing.incoming.streams:
            return await super().streamed(outgoing, head, events, connection)
        chunks: list[dict[str, Any]] = []
        async for event in checked(await begun(events)):
            if is_error(event):
                raise Failure("error-event", "an error came in the stream", body=(event.data or "").encode())
            if isinstance(event.json, dict):
                chunks.append(event.json)
        await self.done(ProviderResponse(head, connection=connection))
        return ProviderResponse(head, json.dumps(assembled(chunks)).encode())


class AssemblesStreams(Relay):
    """The provider is always asked for a stream of chat, so that silence shows; one piece is made of it where asked."""

    def __init__(self, config: RelayConfig) -> None:
        """Its clients put streams together."""
        super().__init__(config)
        self._provider, self._direct = (AssemblingClient(config.upstream, self.parse) for _ in range(2))

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Ask for a stream, with its usage."""
        body = outgoing.json
        if outgoing.incoming.is_anthropic or outgoing.incoming.streams or "messages" not in body:
            return outgoing
        return outgoing.with_json({**body, "stream": True, "stream_options": {"include_usage": True}})


def assembled(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The completion that chunks make."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        _extend(whole, {name: value for name, value in chunk.items() if name != "choices"})
        for piece in chunk.get("choices", ()):
            named = {"message" if name == "delta" else name: value for name, value in piece.items()}
            _extend(choices.setdefault(piece["index"], {"message": {"content": None, "refusal": None}}), named)
    for choice in choices.values():
        for call in choice["message"].get("tool_calls", ()):
            call.pop("index", None)
    return {**whole, "object": "chat.completion", "choices": [choices[place] for place in sorted(choices)]}


def _extend(whole: dict[str, Any], piece: Mapping[str, Any]) -> None:
    for name, value in piece.items():
        known = whole.get(name)
        if name in PIECES and isinstance(known, str) and isinstance(value, str):
            whole[name] = known + value
        elif isinstance(value, list):
            _extend_items(whole, name, value)
        elif isinstance(value, dict):
            whole[name] = known if isinstance(known, dict) else {}
            _extend(whole[name], value)
        elif value is not None or name not in whole:
            whole[name] = value


def _extend_items(whole: dict[str, Any], name: str, items: list[Any]) -> None:
    """Calls have an index, by which their pieces belong together; other items come whole."""
    known = whole[name] = whole.get(name) or []
    by_index = {item["index"]: item for item in known if isinstance(item, dict) and "index" in item}
    for item in items:
        begun_item = by_index.get(item.get("index")) if isinstance(item, dict) else None
        if begun_item is None:
            known.append(item)
        else:
            _extend(begun_item, item)
