"""An honest relay whose fallback continues a stream that was cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay.config import RelayConfig
from hopcheck_server.relay.messages import Events, Failure, OutgoingRequest, incoming
from hopcheck_server.relay.relay import Relay
from hopcheck_server.relay.streams import checked


@dataclass
class Begun:
    """What a client has of a stream: its text, its first chunk, and whether there is more than text in it."""

    text: str = ""
    first: Mapping[str, Any] | None = None
    has_calls: bool = False

    def add(self, chunk: Any) -> None:
        """Take a chunk that was sent."""
        if not isinstance(chunk, dict) or not isinstance(chunk.get("choices"), list):
            return
        self.first = self.first or chunk
        for delta in (choice.get("delta") or {} for choice in chunk["choices"]):
            self.text += delta.get("content") or ""
            self.has_calls = self.has_calls or bool(delta.get("tool_calls"))


class ContinuesStreams(Relay):
    """A stream that is cut is continued by the fallback, which is given the text so far as the assistant's."""

    declares: ClassVar[Mapping[str, Any]] = {"continues": True}

    def __init__(self, config: RelayConfig) -> None:
        """No stream has begun."""
        super().__init__(config)
        self._begun: dict[str, Begun] = {}

    async def sound(self, events: Events) -> Events:
        """Note what is passed on."""
        begun = self._begun.setdefault(incoming().id, Begun())
        async for event in super().sound(events):
            begun.add(event.json)
            yield event

    def can_continue(self, begun: Begun) -> bool:
        """Whether a stream can be continued: a call that was begun can't."""
        return bool(begun.text) and not begun.has_calls

    async def broken(self, failure: Failure) -> Events:
        """Continue the stream, or end it with an error."""
        begun, backup = self._begun[incoming().id], self.config.fallbacks.get(incoming().model)
        answer = None
        if backup and failure.kind == "cut" and self.can_continue(begun):
            try:
                answer = await self._provider.attempt(self._prefilled(backup, begun.text), self.config.timeout_s)
            except Failure:
                answer = None
        if answer is None or answer.events is None:
            async for event in super().broken(failure):
                yield event
            return
        async for event in checked(answer.events):
            yield self.joined(event, begun)

    def _prefilled(self, backup: str, text: str) -> OutgoingRequest:
        outgoing = self._outgoing(incoming(), backup)
        body = outgoing.json
        return outgoing.with_json({**body, "messages": [*body["messages"], {"role": "assistant", "content": text}]})

    def joined(self, event: Event, begun: Begun) -> Event:
        """An event of the fallback's, as one of the stream that it continues."""
        chunk = event.json
        if not isinstance(chunk, dict) or "choices" not in chunk or begun.first is None:
            return event
        for choice in chunk["choices"]:
            choice["delta"].pop("role", None)
        return event_of({**chunk, **{name: begun.first[name] for name in ("id", "created", "model")}})
