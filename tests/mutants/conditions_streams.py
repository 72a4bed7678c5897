"""Mutants whose fault in a stream depends on how its bytes come, or on what its events hold."""

from collections.abc import AsyncIterator

from hopcheck import Event, Events, Relay
from hopcheck.selftest.independent import violates


class HoldsEvents(Relay):
    """Base of those that hold events of some kinds until another one comes."""

    kinds: tuple[bytes, ...] = ()

    async def events(self, events: Events) -> Events:
        held: list[Event] = []
        async for event in events:
            held.append(event)
            if any(kind in event.raw for kind in self.kinds):
                continue
            for one in held:
                yield one
            held = []


@violates("stream.flush-pieces")
class ThinksFirst(HoldsEvents):
    """Reasoning comes with the first text."""

    kinds = (b"reasoning_content", b"thinking_delta", b"response.reasoning")


@violates("stream.flush-pieces")
class CallsAtOnce(HoldsEvents):
    """A call comes when it is whole."""

    kinds = (b'"tool_calls":', b"input_json_delta", b"function_call_arguments.delta")


@violates("stream.frame-split")
class StripsReads(Relay):
    """White space at the beginning and the end of a read is taken off, unless the read ends with an event."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(data if data.endswith(b"\n\n") else data.strip() async for data in body)


@violates("stream.utf8-split")
class DecodesPages(Relay):
    """Of a long read, each 8,192 bytes are decoded by themselves."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(page async for data in body for page in _pages(data))


def _pages(data: bytes) -> list[bytes]:
    if len(data) <= 8192:
        return [data]
    pages = [data[place : place + 8192] for place in range(0, len(data), 8192)]
    return [page.decode("utf-8", "replace").encode() for page in pages]


@violates("stream.typed-lines")
class WantsNamesFirst(Relay):
    """An event whose name comes after its data is dropped."""

    async def sound(self, events: Events) -> Events:
        async for event in super().sound(one async for one in events if not one.raw.startswith(b"data")):
            yield event


@violates("stream.typed-lines")
class WantsSpaces(Relay):
    """A field without a space after its colon isn't known."""

    async def sound(self, events: Events) -> Events:
        async for event in super().sound(one async for one in events if b"data:{" not in one.raw):
            yield event
