"""The official client, for what only it can show: how it reads a response, and which of its errors it raises."""

from __future__ import annotations

import importlib.util
import time
import warnings
import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from hopcheck.client.config import TargetConfig
from hopcheck.client.responses import Response, SentRequest
from hopcheck.client.session import TargetSession
from hopcheck.client.streams import Stream
from hopcheck_server.upstream.script.marker import find_marker
from hopcheck_server.wire.responses import MIB

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI


LAZY_MODULES = ("openai.resources.chat.completions", "openai.resources.embeddings", "openai.types.chat", "numpy")
"""What the official client imports when it is first asked for something."""


INFLATED = ("gzip", "x-gzip", "deflate")
"""The content codings that are zlib's."""

ACCEPTED = "gzip, deflate"
"""The content codings that the official client asks for: it may have others, which nobody counts for it."""

MAX_BODY_BYTES = MIB
"""What an official client is given of a body: it makes several times as much of it, and no case asks it for as much."""

INFLATED_AT_ONCE = 1 << 16
"""How many bytes are decompressed before they are counted."""


def load_sdk() -> None:
    """Import the official client.

    It takes as long as everything else together, so commands that ask nothing go without; and it must be there before
    cases run, or one of them would hold up the others. What it says of odd types, the contract says, too.
    """
    warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
    for name in ("openai", *LAZY_MODULES):
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)


def official_client(config: TargetConfig, timeout_s: float, session: TargetSession) -> AsyncOpenAI:
    """The official client, pointed at a target, without retries.

    Args:
        config: The target.
        timeout_s: How long the target may be silent.
        session: Each response that the client gets is added to its responses; the client keeps to its pace.
    """
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    plain = config.base_url.startswith("http:")  # loading certificates takes longer than most cases
    recorder = _ExchangeRecorder(session.responses)

    class PacedClient(DefaultAsyncHttpxClient):
        async def send(self, request: Any, **options: Any) -> Any:
            while True:
                admitted_at = await session.admit()
                response = await super().send(request, **options)
                if not await session.limits(recorder.latest, admitted_at):
                    return response
                await response.aclose()
                recorder.drop_latest()

    hooks: dict[str, Any] = {"request": [recorder.on_request], "response": [recorder.on_response]}
    return AsyncOpenAI(
        http_client=PacedClient(verify=not plain, event_hooks=hooks),
        base_url=config.base_url,
        api_key=config.api_key or "none",
        max_retries=0,
        timeout=timeout_s,
        default_headers={"Accept-Encoding": ACCEPTED, **config.headers},
    )


class _ExchangeRecorder:
    """Keeps what an official client sends and receives.

    Attributes:
        latest: The response whose head came last.
    """

    latest: Response

    def __init__(self, responses: list[Response]) -> None:
        self._responses = responses
        self._open: dict[int, Response] = {}

    def drop_latest(self) -> None:
        """Forget the latest response: its request is sent again."""
        self._responses[:] = [response for response in self._responses if response is not self.latest]

    async def on_request(self, request: httpx2.Request) -> None:
        """Keep a request before it is sent."""
        body = await request.aread()
        headers = tuple(_pairs(request.headers.raw))
        sent = SentRequest(find_marker(body), request.method, str(request.url), headers, body, time.monotonic_ns())
        streams = isinstance(sent.json, dict) and sent.json.get("stream") is True
        kept = Stream(sent) if streams else Response(sent)
        self._open[id(request)] = kept
        self._responses.append(kept)

    async def on_response(self, response: httpx2.Response) -> None:
        """Keep a response's head, and follow its body."""
        self.latest = kept = self._open.pop(id(response.request))
        kept.head_at_ns = time.monotonic_ns()
        kept.status, kept.headers = response.status_code, _pairs(response.headers.raw)
        kept.version = response.http_version.removeprefix("HTTP/")
        response.stream = _followed(response.stream, kept, BodyBudget(response.headers.get("content-encoding", "")))


def _pairs(raw: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]


class BodyBudget:
    """How much of a body an official client is given: it would decompress any number of bytes at once.

    Attributes:
        is_countable: Whether the body's coding is one that was asked for, so that it can be counted decompressed.

    Args:
        coding: The body's content coding.
        body_bytes: How many bytes the body may have, before and after decompression.
    """

    def __init__(self, coding: str, body_bytes: int = MAX_BODY_BYTES) -> None:
        name = coding.strip().lower()
        self._inflate = zlib.decompressobj(wbits=47) if name in INFLATED else None
        self.is_countable = name in ("", "identity", *INFLATED)
        self._left = self._left_inflated = body_bytes

    def exceeds(self, data: bytes) -> bool:
        """Count the next bytes of the body, and say whether they are too many."""
        self._left -= len(data)
        try:
            while self._inflate is not None and data and self._left_inflated >= 0:
                self._left_inflated -= len(self._inflate.decompress(data, INFLATED_AT_ONCE))
                data = self._inflate.unconsumed_tail
        except zlib.error:
            self._inflate = None  # the client says so itself
        return min(self._left, self._left_inflated) < 0


def _followed(stream: Any, kept: Response, budget: BodyBudget) -> httpx2.AsyncByteStream:
    """The same body, as far as the budget reaches; what the client reads of it is kept, too."""
    from httpx2 import AsyncByteStream, HTTPError, ReadError  # not above: commands that ask nothing go without

    class FollowedBody(AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                if not budget.is_countable:
                    kept.detail = f"the response is in a coding that wasn't asked for ({ACCEPTED} was), and wasn't read"
                    raise ReadError(kept.detail)
                async for data in stream:
                    if budget.exceeds(data):
                        kept.detail = f"the response exceeded {MAX_BODY_BYTES // MIB} MiB and was not read further"
                        raise ReadError(kept.detail)
                    kept.chunks.append((time.monotonic_ns(), data))
                    yield data
            except HTTPError:
                kept.ended = "too-large" if kept.detail else "cut"
                raise
            kept.ended = "complete"

        async def aclose(self) -> None:
            kept.ended_at_ns = time.monotonic_ns()
            await stream.aclose()

    return FollowedBody()
