"""The numbers of a stream's events."""

from itertools import pairwise
from typing import Any

from hopcheck import Events, Findings, Operation, Relay, Target, case, dig, event_of, expect, reply

MANY = 300
"""Pieces: more than a byte counts."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@case(
    "responses.sequence-numbers",
    level="MUST",
    on="responses.stream",
    refs=["OAI Responses streaming: sequence_number", "OAI GET /responses/{id}: starting_after"],
    upstream=reply.chat(*(f"{number} " for number in range(MANY))),
)
async def sequence_numbers(target: Target, ask: Operation) -> Findings:
    """Every event of a stream has a number above that of the one before, from which a client goes on after a break."""
    numbers = [dig(one, "sequence_number") for one in (await ask.stream()).objects]
    yield expect("events without a number", len(numbers) - sum(map(_is_number, numbers)), equals=0)
    falling = [[before, after] for before, after in pairwise(filter(_is_number, numbers)) if after <= before]
    yield expect("numbers that don't rise", falling, equals=[])


@sequence_numbers.mutant(killed_by="events without a number")
class NumbersNoPieces(Relay):
    """Events that a client reads once have no number."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            is_piece = str(dig(event.json, "type")).endswith(".delta")
            kept = {name: value for name, value in (event.json or {}).items() if name != "sequence_number"}
            yield event_of(kept, event.event) if is_piece else event


@sequence_numbers.mutant(killed_by="numbers that don't rise")
class NumbersGoRound(Relay):
    """Numbers are kept in a byte."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            number = dig(event.json, "sequence_number")
            yield event_of({**event.json, "sequence_number": number % 256}, event.event) if number else event


@sequence_numbers.mutant(killed_by="numbers that don't rise")
class NumbersEachItem(Relay):
    """Each item counts its events from 1 again."""

    async def events(self, events: Events) -> Events:
        number = 0
        async for event in events:
            number = 1 if dig(event.json, "type") == "response.output_item.added" else number + 1
            yield event_of({**event.json, "sequence_number": number}, event.event) if event.json else event
