"""What a target is asked: chat completions and embeddings, marked and read to their end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hopcheck.client.bodies import Input, chat_body, embedding_body
from hopcheck.client.pending import Live
from hopcheck.client.responses import Answer
from hopcheck.client.streams import Stream
from hopcheck.client.untestable import Untestable
from hopcheck_server.wire.client import ClientConnection

if TYPE_CHECKING:
    from hopcheck.client.target import Target


class Chat:
    """Asks for chat completions. Keyword arguments are the body's fields; `OMIT` leaves one out."""

    path = "/chat/completions"

    def __init__(self, target: Target) -> None:
        """Belongs to a target."""
        self._target = target

    def body(self, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a request: a short question to the healthy model, with these fields instead or beside."""
        return chat_body(self._target.models.chat, marker, dict(fields))

    async def create(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        connection: ClientConnection | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Answer:
        """Ask for an answer in one piece.

        Args:
            script: Which of the case's scripts the upstream plays.
            key: None sends the configured key, "" none.
            headers: More of them.
            connection: Use this one and leave it open.
            extra: Body fields whose names are taken by these arguments.
            fields: Body fields.
        """
        return await self._ask(Answer, script, key, headers, connection, {**fields, **(extra or {})})

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
        answer = await self._ask(Stream, script, key, headers, connection, asked)
        assert isinstance(answer, Stream)
        return answer

    async def open(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Live:
        """Ask, and return while the answer is still to come; `stream=True` by default (see `create`)."""
        target = self._target
        marker = target.marker(script)
        body = self.body(marker, {"stream": True, **fields})
        return await target.open("POST", self.path, body, key, headers, marker)

    async def _ask(
        self,
        kind: type[Answer],
        script: str,
        key: str | None,
        headers: Mapping[str, str] | None,
        connection: ClientConnection | None,
        fields: Mapping[str, Any],
    ) -> Answer:
        target = self._target
        for again in (False, True):
            marker = target.marker(script)
            body = self.body(marker, fields)
            async with await target.open("POST", self.path, body, key, headers, marker, kind, connection) as live:
                if await live.head() is not None:
                    await live.rest()
            if not await target.cooled_down(live.answer):
                break
            if again or not await target.recovered():
                raise Untestable("target in cooldown")
            target.notes.append("a 429 without an upstream attempt was asked again")
        return live.answer


class Embeddings:
    """Asks for embeddings."""

    path = "/embeddings"

    def __init__(self, target: Target) -> None:
        """Belongs to a target."""
        self._target = target

    async def create(
        self,
        given: Input = "hello",
        *,
        script: str = "",
        key: str | None = None,
        **fields: Any,
    ) -> Answer:
        """Ask for embeddings of a text or a token array, or of several."""
        target = self._target
        marker = target.marker(script)
        body = embedding_body(target.models.embedding, marker, given, fields)
        return await target.request("POST", self.path, body=body, key=key, marker=marker)
