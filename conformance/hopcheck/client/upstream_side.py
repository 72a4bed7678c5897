"""What a case can ask about the other side of the target: what arrived at the upstream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hopcheck.client.paths import parsed
from hopcheck.client.providers.openai_request import openai_request
from hopcheck.client.providers.translated_attempt import CHAT, TranslatedAttempt, foreign_dialect, request_of
from hopcheck.client.responses import Response, SentRequest, Untestable, describe
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.dialects.provider_request import ProviderRequest
from hopcheck_server.upstream.journal.journal import Attempt

ARRIVAL_S = 5.0
"""How long a request may take to the upstream."""

SETTLE_S = 2.0
"""How long an attempt that arrived may go on after the client's response ended."""


class UpstreamSide:
    """The upstream behind a target."""

    def __init__(self, control: Control | None) -> None:
        """`control` is None where there is no upstream of ours."""
        self._control = control

    async def seen(self, response: Response | str, *, attempts: int = 1, settle_s: float = SETTLE_S) -> list[Attempt]:
        """What the upstream saw of a request: its attempts, once each has ended (or `settle_s` have passed).

        Args:
            response: The response to the request, or its marker.
            attempts: Wait until this many have come; the default doesn't wait for one that hasn't come by now.
            settle_s: The longest wait, in seconds.

        Raises:
            Untestable: There is no upstream of ours.
        """
        marker = response if isinstance(response, str) else response.marker
        control = self._two_sided()
        arrived = await control.attempts(marker)
        if len(arrived) < attempts and attempts == 1:
            return self._shown(arrived, response)
        return self._shown(await control.wait(marker, attempts=attempts, ended=True, timeout_s=settle_s), response)

    def _client_path(self, response: Response | str) -> str:
        """Where the target was asked for a response, or with a marker, as the contracts have it."""
        return CHAT

    def _shown(self, attempts: list[Attempt], response: Response | str) -> list[Attempt]:
        """Attempts as cases see them: one in another dialect than its client's is translated."""
        path = self._client_path(response)
        return [TranslatedAttempt.of(one) if foreign_dialect(one, path) else one for one in attempts]

    async def arrival(self, marker: str, *, timeout_s: float = ARRIVAL_S) -> Attempt:
        """Wait until a request's first attempt is at the upstream, and return it while it may go on.

        Raises:
            Untestable: None came in time.
        """
        arrived = await self._two_sided().wait(marker, attempts=1, ended=False, timeout_s=timeout_s)
        if not arrived:
            raise Untestable("the request did not reach the upstream")
        return self._shown(arrived, marker)[0]

    async def forwarded(self, response: Response) -> Attempt:
        """The request as the upstream got it, in the attempt that was answered last.

        Raises:
            Untestable: It did not get there.
        """
        attempts = await self.seen(response)
        if not attempts:
            raise Untestable(await self.why_not_seen(response))
        return attempts[-1]

    async def provider_request(self, response: Response) -> ProviderRequest:
        """The request as the provider got it, in the form that all dialects share.

        Raises:
            Untestable: It did not get there, or there in no form that can be read.
        """
        request = request_of(await self.forwarded(response))
        read = request.dialect.read(request.path, request.payload or {})
        if read is None:
            raise Untestable("the request arrived in a dialect that can't be read")
        return read

    async def openai_form(self, response: Response) -> Any:
        """The JSON body of the last attempt; of another dialect than OpenAI's, what all share of it in OpenAI's form.

        Raises:
            NotApplicable: It asks for something else than a chat, which has no such form.
            Untestable: It did not get there.
        """
        attempt = await self.forwarded(response)
        if isinstance(attempt, TranslatedAttempt) and request_of(attempt).kind == "chat":
            return openai_request(await self.provider_request(response))
        return attempt.json

    async def received(self, response: Response) -> Any:
        """The JSON body that the upstream got in the last attempt; None if it got none, as the target refused it.

        Raises:
            Untestable: It got none, and yet the target didn't refuse the request.
        """
        attempts = await self.seen(response)
        if not attempts and (response.status or 0) < 400:
            raise Untestable(await self.why_not_seen(response))
        return attempts[-1].json if attempts else None

    async def why_not_seen(self, response: Response) -> str:
        """Why the upstream knows nothing of a request: it arrived without its marker, or not at all."""
        arrived = without_marker(response.sent, await self.unmarked(response.sent.at_ns))
        if arrived is None:
            return f"the request did not reach the upstream; the target answered {describe(response)}"
        lost = [text for text in texts_of(response.sent.json) if text not in texts_of(arrived.json)]
        return f"the request arrived at the upstream without its marker; of its text, this did not arrive: {lost}"[:400]

    async def unmarked(self, since_ns: int) -> list[Attempt]:
        """What reached the upstream without a marker at that time (CLOCK_MONOTONIC) or later, from any client.

        Raises:
            Untestable: There is no upstream of ours.
        """
        return await self._two_sided().unmarked(since_ns)

    async def connections(self) -> int:
        """How many connections the upstream has had; a later one's number in an attempt is higher.

        Raises:
            Untestable: There is no upstream of ours.
        """
        return await self._two_sided().opened()

    async def relayed(self, response: Response) -> bool:
        """Whether a response is the provider's own, passed on as it came: its status, and its JSON or its bytes.

        The provider is to blame for it: cases ask for something better as a SHOULD.
        """
        attempts = await self._control.attempts(response.marker) if self._control and response.marker else []
        sent = attempts[-1].response if attempts else None
        if sent is None or sent.status != response.status:
            return False
        return sent.body == response.body or (response.json is not None and parsed(sent.body) == response.json)

    async def release(self, marker: str) -> None:
        """Let go of what the upstream left hanging."""
        await self._two_sided().release(marker)

    def _two_sided(self) -> Control:
        if self._control is None:
            raise Untestable("there is no upstream of hopcheck's behind the target")
        return self._control


def without_marker(sent: SentRequest, unmarked: Sequence[Attempt]) -> Attempt | None:
    """The attempt in which a request arrived, if it arrived without its marker: the one that has most of its text."""
    shared = {place: _shared(sent, attempt) for place, attempt in enumerate(unmarked)}
    best = max(shared, key=lambda place: shared[place], default=None)
    return unmarked[best] if best is not None and shared[best] else None


def _shared(sent: SentRequest, attempt: Attempt) -> int:
    """How many of a request's texts an attempt has; the text that had the marker counts without it."""
    arrived = texts_of(attempt.json)
    plain = {text.replace(sent.marker, "").strip() for text in texts_of(sent.json)} - {""}
    return len(plain & {text.strip() for text in arrived})


def texts_of(body: Any) -> list[str]:
    """The texts of a request's messages or input."""
    return list(_strings([body.get("messages"), body.get("input")])) if isinstance(body, dict) else []


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _strings(one) if name not in ("role", "type") else ()
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
