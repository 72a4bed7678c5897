"""Relays that each break one rule of a Responses stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from hopcheck.authoring.mutants import RelayClass
from hopcheck.selftest.invariants.mutants.message_rules import TypedEvents
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_contracts.sse import event_of
from hopcheck_server.relay import Events, Relay

Json = dict[str, Any]


def breaks(cause: str) -> Callable[[RelayClass], RelayClass]:
    """Register a relay that breaks the rule of that cause."""
    return invariant_mutant("stream-grammar", "responses.stream", cause=cause)


@breaks("an event's line is not its type")
class NamesAllEventsAlike(Relay):
    """The `event` line of every event is `message`."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event_of(event.json, "message")


@breaks("a stream doesn't begin with one response.created")
class CreatesTwice(TypedEvents):
    """`response.created` is sent twice."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield payload
        if kind == "response.created":
            yield payload


class _Without(TypedEvents):
    kind = ""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        if kind != self.kind:
            yield payload


@breaks("something belongs to an item that isn't open")
class AddsNoItems(_Without):
    """`response.output_item.added` is left out."""

    kind = "response.output_item.added"


@breaks("something belongs to a part that isn't open")
class AddsNoParts(_Without):
    """`response.content_part.added` is left out."""

    kind = "response.content_part.added"


class _Raises(TypedEvents):
    name = ""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield {**payload, self.name: payload[self.name] + 1} if self.name in payload else payload


@breaks("an item has another index than was expected")
class CountsItemsFromOne(_Raises):
    """Items are counted from 1."""

    name = "output_index"


@breaks("a part has another index than was expected")
class CountsPartsFromOne(_Raises):
    """Parts are counted from 1."""

    name = "content_index"


@breaks("an item changes its id")
class NamesItemsAnew(TypedEvents):
    """An item has another id when it is done."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield {**payload, "item": {**payload["item"], "id": "item_other"}} if kind.endswith("item.done") else payload


class _EditsTheEnd(TypedEvents):
    fields: ClassVar[Json]

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        is_end = kind == "response.completed"
        yield {**payload, "response": {**payload["response"], **self.fields}} if is_end else payload


@breaks("the final output has other items than the stream")
class LosesTheOutput(_EditsTheEnd):
    """The response that ends a stream has no output."""

    fields: ClassVar[Json] = {"output": []}


@breaks("a response's status is not what its last event says")
class IsAlwaysInProgress(_EditsTheEnd):
    """A response that is complete has the status of one in progress."""

    fields: ClassVar[Json] = {"status": "in_progress"}


@breaks("something follows the end of the response")
class RepeatsTheEnd(TypedEvents):
    """What ends a response is sent twice."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield payload
        if kind == "response.completed":
            yield payload
