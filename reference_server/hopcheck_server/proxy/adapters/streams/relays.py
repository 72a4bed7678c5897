"""Chooses the relay of a stream, by the surface that the client speaks."""

from __future__ import annotations

from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.streams.chat_relay import ChatRelay, Workaround
from hopcheck_server.proxy.adapters.streams.sse import MAX_EVENT_BYTES
from hopcheck_server.proxy.adapters.streams.stream_relay import MakeError, StreamRelay
from hopcheck_server.proxy.adapters.streams.typed_relay import MessagesRelay, ResponsesRelay
from hopcheck_server.proxy.surfaces.surface import MESSAGES, RESPONSES


def relay_for(
    call: Call, fix: Workaround, make_error: MakeError, max_event_bytes: int = MAX_EVENT_BYTES
) -> StreamRelay:
    """Make the relay of a call's stream; `fix` is for events of chats."""
    if call.surface is MESSAGES:
        return MessagesRelay(make_error, max_event_bytes)
    if call.surface is RESPONSES:
        return ResponsesRelay(make_error, max_event_bytes)
    return ChatRelay(wants_usage=call.wants_usage, fix=fix, make_error=make_error, max_event_bytes=max_event_bytes)
