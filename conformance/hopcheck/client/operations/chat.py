"""Chat completions, whole and as a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.bodies import CHAT_PATH, chat_body
from hopcheck.client.config import Models
from hopcheck.client.operations.kind import OperationKind, is_streamed
from hopcheck.client.streams import Stream


def _asks_chat(_method: str, path: str, body: Any) -> bool:
    return path.endswith(CHAT_PATH) and not is_streamed(body)


def _asks_stream(_method: str, path: str, body: Any) -> bool:
    return path.endswith(CHAT_PATH) and is_streamed(body)


def _body(models: Models, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    asked = dict(fields)
    if "text" in asked:
        asked = {"messages": [{"role": "user", "content": asked.pop("text")}], **asked}
    return chat_body(models.chat, marker, asked)


def _streamed_body(models: Models, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return _body(models, marker, {"stream": True, **fields})


CHAT = OperationKind(name="chat", method="POST", path=CHAT_PATH, generates=True, body=_body, matches=_asks_chat)

CHAT_STREAM = OperationKind(
    name="chat.stream",
    method="POST",
    path=CHAT_PATH,
    streams=True,
    generates=True,
    response_class=Stream,
    body=_streamed_body,
    matches=_asks_stream,
)
