"""The surfaces of a target, for cases that ask a certain operation, whichever one they are run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.bodies import CHAT_PATH, EMBEDDINGS_PATH, Input
from hopcheck.client.operations import Operation
from hopcheck.client.operations.chat import CHAT, CHAT_STREAM
from hopcheck.client.operations.embeddings import EMBEDDINGS
from hopcheck.client.pending_response import PendingResponse
from hopcheck.client.responses import Response
from hopcheck.client.session import TargetSession
from hopcheck.client.streams import Stream


class Chat:
    """Asks for chat completions. Keyword arguments are those of `Operation`, and the body's fields."""

    path = CHAT_PATH

    def __init__(self, session: TargetSession) -> None:
        """Send the requests of this session."""
        self._whole = Operation(session, CHAT)
        self._streamed = Operation(session, CHAT_STREAM)

    def body(self, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a request: a short question to the healthy model, with these fields instead or in addition."""
        return self._whole.body(marker, fields) or {}

    async def create(self, **asked: Any) -> Response:
        """Ask for a response in one piece."""
        return await self._whole(**asked)

    async def stream(self, **asked: Any) -> Stream:
        """Ask for a stream, and read it to its end."""
        return await self._streamed.stream(**asked)

    async def open(self, **asked: Any) -> PendingResponse:
        """Ask for a stream (`stream=False` for a response in one piece), and return while it is still to come."""
        return await self._streamed.open(**asked)


class Embeddings:
    """Asks for embeddings."""

    path = EMBEDDINGS_PATH

    def __init__(self, session: TargetSession) -> None:
        """Send the requests of this session."""
        self._operation = Operation(session, EMBEDDINGS)

    async def create(
        self,
        given: Input = "hello",
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Response:
        """Ask for embeddings of a text or a token array, or of several; any other fields are sent as they are."""
        return await self._operation(input=given, script=script, key=key, headers=headers, extra=fields)
