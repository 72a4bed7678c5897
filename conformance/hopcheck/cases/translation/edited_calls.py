"""Translating relays that change the calls of responses."""

from typing import Any

from hopcheck import Events, RelayedResponse, TranslatingRelay, edits, items


class EditsCalls(TranslatingRelay):
    """Calls are changed, whole or as the deltas of a stream."""

    def edit(self, call: dict[str, Any]) -> None:
        """Change a call, or a piece of one."""

    def is_meant(self, content: dict[str, Any]) -> bool:
        """Whether this message, or delta, is changed."""
        return True

    def _message(self, message: dict[str, Any]) -> None:
        for call in items(message, "tool_calls") if self.is_meant(message) else ():
            self.edit(call)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self._message)

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.deltas(event, self._message)


class AfterTextOnly(EditsCalls):
    """Calls that follow a text are changed."""

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        seen_text = False
        async for event in super().to_chunks(events, model, include_usage=include_usage):
            seen_text = seen_text or bool(edits.text_of(edits.chunk_of(event) or {}))
            yield edits.deltas(event, self._always) if seen_text else event

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event

    def _always(self, delta: dict[str, Any]) -> None:
        for call in items(delta, "tool_calls"):
            self.edit(call)

    def is_meant(self, content: dict[str, Any]) -> bool:
        return bool(content.get("content"))
