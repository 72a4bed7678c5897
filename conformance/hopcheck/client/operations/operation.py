"""An operation of a target, as a case uses it: `await ask(script="429")`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.bodies import OMIT
from hopcheck.client.operations.kind import NotExpressible, OperationKind
from hopcheck.client.pending_response import PendingResponse
from hopcheck.client.responses import Response, Untestable
from hopcheck.client.session import TargetSession
from hopcheck.client.streams import Stream
from hopcheck_server.wire.client import ClientConnection


class Operation:
    """Sends the requests of one operation. Calling it sends the healthy request, with the fields that are given."""

    def __init__(self, session: TargetSession, kind: OperationKind) -> None:
        """Send the requests of this session."""
        self._session = session
        self._kind = kind

    @property
    def name(self) -> str:
        """The operation's name: `chat.stream`."""
        return self._kind.name

    @property
    def surface(self) -> str:
        """The API that it belongs to: `openai`, `messages` or `responses`."""
        return self._kind.surface

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self._kind.method

    @property
    def path(self) -> str:
        """The path below the base URL."""
        return self._kind.path

    @property
    def headers(self) -> Mapping[str, str]:
        """What its requests carry in addition to what all carry."""
        return self._kind.headers

    @property
    def streams(self) -> bool:
        """Whether its healthy response is a stream of events."""
        return self._kind.streams

    @property
    def generates(self) -> bool:
        """Whether a model writes its response."""
        return self._kind.generates

    @property
    def forwarded(self) -> bool:
        """Whether a provider answers it."""
        return self._kind.forwarded

    @property
    def model(self) -> str:
        """The model that its healthy request names; "" where it names none."""
        body = self.body("", {})
        return str(body["model"]) if body else ""

    def body(self, marker: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        """The body of its healthy request, with these fields instead or in addition; None for no body.

        `text` is what the user says, in whatever field the operation has for that; `OMIT` leaves a field out.

        Raises:
            NotExpressible: The operation has no such field.
        """
        return self._kind.body(self._session.config.models, marker, fields)

    async def __call__(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        connection: ClientConnection | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Response:
        """Ask, and read the response to its end; it is a `Stream` where the operation streams.

        Args:
            script: Which of the case's scripts the upstream plays.
            key: None sends the configured key, "" none.
            headers: More of them.
            connection: Use this one and leave it open.
            extra: Body fields that are added as they are, whatever the operation knows.
            fields: Body fields (see `body`).

        Raises:
            NotExpressible: The operation has no such field, or no script can be played for it.
            Untestable: The target is in a cooldown, and doesn't come out of it.
        """
        session = self._session
        for again in (False, True):
            async with await self.open(
                script=script, key=key, headers=headers, connection=connection, extra=extra, **fields
            ) as live:
                if await live.head() is not None:
                    await live.rest()
            if not await session.cooled_down(live.response):
                break
            if again or not await session.recovered():
                raise Untestable("target in cooldown")
            session.notes.append("a 429 without an upstream attempt was asked again")
        return live.response

    async def stream(self, **asked: Any) -> Stream:
        """Ask an operation that streams, and read its stream to the end (see `__call__`)."""
        response = await self(**asked)
        assert isinstance(response, Stream)
        return response

    async def open(
        self,
        *,
        script: str = "",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        connection: ClientConnection | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> PendingResponse:
        """Ask, and return while the response is still to come (see `__call__`)."""
        if script and not self.forwarded:
            raise NotExpressible(f"no provider answers {self.name}")
        session, kind = self._session, self._kind
        marker = session.marker(script) if kind.forwarded else ""
        body = self.body(marker, fields)
        if body is not None and extra:
            body = {name: value for name, value in {**body, **extra}.items() if value is not OMIT}
        sent = {**kind.headers, **(headers or {})}
        return await session.open(kind.method, kind.path, body, key, sent, marker, kind.response_class, connection)
