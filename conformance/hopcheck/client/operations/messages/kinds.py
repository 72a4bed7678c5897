"""The operations of the Messages surface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.config import Declares, Models
from hopcheck.client.operations.kind import OperationKind, is_streamed
from hopcheck.client.operations.messages.requests import count_body, message_body
from hopcheck.client.operations.messages.responses import MessageResponse, MessageStream

MESSAGES_PATH = "/messages"
COUNT_PATH = f"{MESSAGES_PATH}/count_tokens"

HEADERS = {"anthropic-version": "2023-06-01"}
"""What every client of Anthropic's sends."""


def _asks_message(_method: str, path: str, body: Any) -> bool:
    return path.endswith(MESSAGES_PATH) and not is_streamed(body)


def _asks_stream(_method: str, path: str, body: Any) -> bool:
    return path.endswith(MESSAGES_PATH) and is_streamed(body)


def _asks_count(_method: str, path: str, _body_given: Any) -> bool:
    return path.endswith(COUNT_PATH)


def _streamed_body(models: Models, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return message_body(models, marker, {"stream": True, **fields})


def _why_not_offered(declares: Declares) -> str:
    return "" if declares.messages else "the target does not declare `messages`"


MESSAGES = OperationKind(
    name="messages",
    surface="messages",
    method="POST",
    path=MESSAGES_PATH,
    generates=True,
    headers=HEADERS,
    response_class=MessageResponse,
    body=message_body,
    matches=_asks_message,
    why_not_offered=_why_not_offered,
)

MESSAGES_STREAM = OperationKind(
    name="messages.stream",
    surface="messages",
    method="POST",
    path=MESSAGES_PATH,
    streams=True,
    generates=True,
    headers=HEADERS,
    response_class=MessageStream,
    body=_streamed_body,
    matches=_asks_stream,
    why_not_offered=_why_not_offered,
)

COUNT_TOKENS = OperationKind(
    name="count_tokens",
    surface="messages",
    method="POST",
    path=COUNT_PATH,
    headers=HEADERS,
    body=count_body,
    matches=_asks_count,
    why_not_offered=_why_not_offered,
)
