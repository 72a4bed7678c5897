"""Chat completions, whole and as a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.bodies import CHAT_PATH, chat_body
from hopcheck.client.config import Models
from hopcheck.client.operations.kind import generating_pair
from hopcheck.client.responses import Response
from hopcheck.client.streams import Stream


def _body(models: Models, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    asked = dict(fields)
    if "text" in asked:
        asked = {"messages": [{"role": "user", "content": asked.pop("text")}], **asked}
    return chat_body(models.chat, marker, asked)


CHAT, CHAT_STREAM = generating_pair(
    name="chat", path=CHAT_PATH, body=_body, response_class=Response, stream_class=Stream
)
