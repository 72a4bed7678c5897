"""The grammar of each surface's streams, by its contract."""

from __future__ import annotations

from collections.abc import Sequence

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.grammar import chat, messages, responses
from hopcheck_contracts.grammar.stream_reader import Breach
from hopcheck_contracts.sse import Event


def check_events(
    surface: Boundary,
    events: Sequence[Event],
    *,
    n: int | None = None,
    wants_usage: bool | None = None,
    rest: bytes = b"",
) -> list[Breach]:
    """Check a stream that has been read.

    Args:
        surface: Whose stream it is (see `documents.surface_of`).
        events: All of them, comments included.
        n: How many choices were asked for, where a surface has several; None if that isn't known.
        wants_usage: Whether the usage was asked for, where that is a choice; None if that isn't known.
        rest: What follows the last event without its end.
    """
    if surface == messages.BOUNDARY:
        return messages.check_events(events, rest=rest)
    if surface == responses.BOUNDARY:
        return responses.check_events(events, rest=rest)
    return chat.check_events(events, n=n, wants_usage=wants_usage, rest=rest)
