"""The operations of a target: chat completions and embeddings, marked and read to their end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.bodies import Input, chat_body, embedding_body
from hopcheck.client.pending_response import PendingResponse
from hopcheck.client.responses import Response, Untestable
from hopcheck.client.session import CHAT_PATH, TargetSession
from hopcheck.client.streams import Stream
from hopcheck_server.wire.client import ClientConnection


class Chat:
    """Asks for chat completions. Keyword arguments are the body's fields; `OMIT` leaves one out."""

    path = CHAT_PATH

    def __init__(self, session: TargetSession) -> None:
        """Send the requests of this session."""
        self._session = session

    def body(self, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a request: a short question to the healthy model, with these fields instead or in addition."""
        return chat_body(self._session.config.models.chat, marker, dict(fields))

    async def create(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        connection: ClientConnection | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Response:
        """Ask for a response in one piece.

        Args:
            script: Which of the case's scripts the upstream plays.
            key: None sends the configured key, "" none.
            headers: More of them.
            connection: Use this one and leave it open.
            extra: Body fields whose names are taken by these arguments.
            fields: Body fields.
        """
        return await self._ask(Response, script, key, headers, connection, {**fields, **(extra or {})})

    async def stream(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        connection: ClientConnection | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Stream:
        """Ask for a stream, and read it to its end (see `create`)."""
        asked = {"stream": True, **fields, **(extra or {})}
        response = await self._ask(Stream, script, key, headers, connection, asked)
        assert isinstance(response, Stream)
        return response

    async def open(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> PendingResponse:
        """Ask, and return while the response is still to come; `stream=True` by default (see `create`)."""
        session = self._session
        marker = session.marker(script)
        body = self.body(marker, {"stream": True, **fields})
        return await session.open("POST", self.path, body, key, headers, marker)

    async def _ask(
        self,
        kind: type[Response],
        script: str,
        key: str | None,
        headers: Mapping[str, str] | None,
        connection: ClientConnection | None,
        fields: Mapping[str, Any],
    ) -> Response:
        session = self._session
        for again in (False, True):
            marker = session.marker(script)
            body = self.body(marker, fields)
            async with await session.open("POST", self.path, body, key, headers, marker, kind, connection) as live:
                if await live.head() is not None:
                    await live.rest()
            if not await session.cooled_down(live.response):
                break
            if again or not await session.recovered():
                raise Untestable("target in cooldown")
            session.notes.append("a 429 without an upstream attempt was asked again")
        return live.response


class Embeddings:
    """Asks for embeddings."""

    path = "/embeddings"

    def __init__(self, session: TargetSession) -> None:
        """Send the requests of this session."""
        self._session = session

    async def create(
        self,
        given: Input = "hello",
        *,
        script: str = "",
        key: str | None = None,
        **fields: Any,
    ) -> Response:
        """Ask for embeddings of a text or a token array, or of several."""
        session = self._session
        marker = session.marker(script)
        body = embedding_body(session.config.models.embedding, marker, given, fields)
        return await session.request("POST", self.path, body=body, key=key, marker=marker)
