"""Plays an example: the upstream learns its script, the target is asked, and both sides are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hopcheck.client import Stream, Target, Untestable
from hopcheck.client.bodies import embedding_body, marked
from hopcheck.fuzz import operations
from hopcheck.fuzz.example import NOTHING, Example, raw_body
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.turns import Script


@dataclass(frozen=True)
class Played:
    """An example, and what came of it.

    Attributes:
        example: What was played.
        body: The request's body as it was sent, its marker included; `NOTHING` if none was.
        answer: What the client got.
        attempts: What the upstream saw; None where there is none of ours, or where no marker could be put.
    """

    example: Example
    body: Any
    answer: Stream
    attempts: list[Attempt] | None


async def play(example: Example, target: Target, control: Control | None) -> Played:
    """Ask the target what an example asks.

    Args:
        example: What to play.
        target: Bound to the case of the example's operation.
        control: The upstream; None where there is none of ours.

    Raises:
        Untestable: The target can't be reached.
    """
    played = await _play(example, target, control)
    if await target.cooled_down(played.answer):
        if not await target.recovered():
            raise Untestable("target in cooldown")
        played = await _play(example, target, control)
    return played


async def _play(example: Example, target: Target, control: Control | None) -> Played:
    marker = target.marker()
    if control is not None:
        await control.load({example.operation: Script(turns=(example.turn,))})
    body = with_marker(example, marker)
    sent = None if body is NOTHING else raw_body(body)
    opened = await target.open(example.method, example.path, sent, None, dict(example.headers), marker, Stream)
    async with opened as live:
        if await live.head() is not None:
            await live.rest()
    answer = live.stream
    seen = control is not None and _holds(sent or b"", marker)
    return Played(example, body, answer, await target.seen(answer) if seen else None)


def _holds(sent: bytes, marker: str) -> bool:
    """Whether a marker stands in a body: as text, or as a token array."""
    return marker.encode() in sent or ",".join(map(str, marker.encode())).encode() in sent


def with_marker(example: Example, marker: str) -> Any:
    """The body with a marker in it, where one can be put without changing what the body is an example of."""
    body = example.body
    match example.operation:
        case operations.CHAT.id:
            return {**body, "messages": marked(_with_a_user(body["messages"]), marker)}
        case operations.EMBEDDINGS.id:
            rest = {key: value for key, value in body.items() if key not in ("model", "input")}
            return embedding_body(body["model"], marker, body["input"], rest)
        case _ if isinstance(body, dict):
            return {**body, "user": marker}
        case _ if isinstance(body, list):
            return [*body, marker]
        case _:
            return marker if isinstance(body, str) else body


def _with_a_user(messages: list[Any]) -> list[Any]:
    """The messages, with one of the user's, in which a marker can stand."""
    asked = any(message.get("role") == "user" for message in messages)
    return messages if asked else [*messages, {"role": "user", "content": ""}]
