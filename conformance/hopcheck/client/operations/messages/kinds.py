"""The operations of the Messages surface."""

from __future__ import annotations

from hopcheck.client.operations.kind import OperationKind, generating_pair, unless_declared
from hopcheck.client.operations.messages.requests import count_body, message_body
from hopcheck.client.operations.messages.responses import MessageResponse, MessageStream

MESSAGES_PATH = "/messages"
COUNT_PATH = f"{MESSAGES_PATH}/count_tokens"

HEADERS = {"anthropic-version": "2023-06-01"}
"""What every client of Anthropic's sends."""

MESSAGES, MESSAGES_STREAM = generating_pair(
    name="messages",
    surface="messages",
    path=MESSAGES_PATH,
    headers=HEADERS,
    body=message_body,
    response_class=MessageResponse,
    stream_class=MessageStream,
    why_not_offered=unless_declared("messages"),
)

COUNT_TOKENS = OperationKind(
    name="count_tokens",
    surface="messages",
    method="POST",
    path=COUNT_PATH,
    headers=HEADERS,
    body=count_body,
    matches=lambda _, path, __: path.endswith(COUNT_PATH),
    why_not_offered=unless_declared("messages"),
)
