"""Plays an example: loads its script into the upstream, asks the target, and collects both sides."""

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
class PlayedExample:
    """An example with the response and the attempts that it led to.

    Attributes:
        example: What was played.
        body: The request's body as it was sent, with its marker; `NOTHING` if none was sent.
        answer: What the client received.
        attempts: What the upstream saw; None without an upstream of ours, or if the body could hold no marker.
    """

    example: Example
    body: Any
    answer: Stream
    attempts: list[Attempt] | None


async def play(example: Example, target: Target, control: Control | None) -> PlayedExample:
    """Send an example's request to the target.

    Args:
        example: What to play.
        target: Bound to the case of the example's operation.
        control: The upstream; None without one of ours.

    Raises:
        Untestable: The target can't be reached.
    """
    played = await _play(example, target, control)
    if await target.cooled_down(played.answer):
        if not await target.recovered():
            raise Untestable("target in cooldown")
        played = await _play(example, target, control)
    return played


async def _play(example: Example, target: Target, control: Control | None) -> PlayedExample:
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
    return PlayedExample(example, body, answer, await target.seen(answer) if seen else None)


def _holds(sent: bytes, marker: str) -> bool:
    """Whether a body contains a marker: as text, or as an array of tokens."""
    return marker.encode() in sent or ",".join(map(str, marker.encode())).encode() in sent


def with_marker(example: Example, marker: str) -> Any:
    """The body with a marker in it, if it can hold one and stay the example that it is."""
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
    """The messages with at least one of the user's, which can hold a marker."""
    asked = any(message.get("role") == "user" for message in messages)
    return messages if asked else [*messages, {"role": "user", "content": ""}]
