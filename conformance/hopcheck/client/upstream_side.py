"""What a case can ask about the other side of the target: what arrived at the upstream."""

from __future__ import annotations

from typing import Any

from hopcheck.client.responses import Response, Untestable, describe
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.journal import Attempt

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
            return arrived
        return await control.wait(marker, attempts=attempts, ended=True, timeout_s=settle_s)

    async def arrival(self, marker: str, *, timeout_s: float = 5.0) -> Attempt:
        """Wait until a request's first attempt is at the upstream, and return it while it may go on.

        Raises:
            Untestable: None came in time.
        """
        arrived = await self._two_sided().wait(marker, attempts=1, ended=False, timeout_s=timeout_s)
        if not arrived:
            raise Untestable("the request did not reach the upstream")
        return arrived[0]

    async def forwarded(self, response: Response) -> Attempt:
        """The request as the upstream got it, in the attempt that was answered last.

        Raises:
            Untestable: It did not get there.
        """
        attempts = await self.seen(response)
        if not attempts:
            raise Untestable(f"the request did not reach the upstream; the target answered {describe(response)}")
        return attempts[-1]

    async def received(self, response: Response) -> Any:
        """The JSON body that the upstream got in the last attempt; None if it got none, which a refusal may explain."""
        attempts = await self.seen(response)
        return attempts[-1].json if attempts else None

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

    async def release(self, marker: str) -> None:
        """Let go of what the upstream left hanging."""
        await self._two_sided().release(marker)

    def _two_sided(self) -> Control:
        if self._control is None:
            raise Untestable("there is no upstream of hopcheck's behind the target")
        return self._control
