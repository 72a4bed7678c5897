"""What a session does about a target's own rate limit."""

from __future__ import annotations

import asyncio
from copy import copy

from hopcheck.client.pacing.refusals import announced_wait_s, is_refusal
from hopcheck.client.pending_response import PendingResponse
from hopcheck.client.responses import NotApplicable, Response, Untestable
from hopcheck.client.session_options import SessionOptions
from hopcheck.client.upstream_side import ARRIVAL_S, UpstreamSide
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.wire.tasks import cancel

FLOOD = "the target limits its rate, and this case floods it"
"""Why flooding cases don't apply."""

ASKED_AGAIN = "the target's own rate limit refused requests of this case; they were sent again after a pause"


class PacedSide(UpstreamSide):
    """Both sides of a target whose own rate limit is obeyed.

    Attributes:
        responses: The responses to all requests so far, in order.
        notes: Waits and repeated requests, for the report.
        refusals: The heads of refusals whose requests were sent again.
        pending: The responses that were begun last, by their marker.
    """

    def __init__(self, control: Control | None, options: SessionOptions) -> None:
        """See `TargetSession`."""
        super().__init__(control)
        self.responses: list[Response] = []
        self.notes: list[str] = []
        self.refusals: list[Response] = []
        self.pending: dict[str, PendingResponse] = {}
        self._held_back: set[PendingResponse] = set()
        self._options = options
        self._admitted, self._admitted_at = 0, 0.0

    async def admit(self) -> float:
        """Wait until the run's pace lets the next request go.

        Returns:
            When it did, for `limits`.

        Raises:
            NotApplicable: The case floods a target that limits its rate.
            Untestable: The target refuses everything.
        """
        if self._options.pace is None:
            return 0.0
        if self._admitted:
            self._admitted -= 1
            return self._admitted_at
        if self._options.floods and self.responses and self._options.pace.is_limiting:
            raise NotApplicable(FLOOD)
        return await self._options.pace.admit()

    async def admit_together(self, number: int) -> None:
        """Wait until the next requests, that many, may be sent at once, if the target takes that many in a second."""
        admitted_at = await self._options.pace.admit_together(number) if self._options.pace is not None else None
        if admitted_at is not None:
            self._admitted, self._admitted_at = number, admitted_at

    async def admit_again(self, live: PendingResponse) -> float:
        """Wait until the run's pace lets a refused request go once more (see `admit`)."""
        self._held_back.add(live)
        try:
            return await self.admit()
        finally:
            self._held_back.remove(live)

    async def arrival(self, marker: str, *, timeout_s: float = ARRIVAL_S) -> Attempt:
        """Wait until a request is at the upstream (see `UpstreamSide`); if it is refused meanwhile, it is sent again.

        Raises:
            Untestable: It did not come, or the target refuses everything.
        """
        live = self.pending.get(marker)
        if live is None:
            return await super().arrival(marker, timeout_s=timeout_s)
        head = asyncio.ensure_future(live.head())
        try:
            while True:
                try:
                    return await super().arrival(marker, timeout_s=timeout_s)
                except Untestable:
                    if head.done():
                        head.result()
                    if live not in self._held_back:
                        raise
        finally:
            await cancel([head])

    async def limits(self, response: Response, admitted_at: float) -> bool:
        """Whether a response, of which the head is there, is the refusal of a rate limit of the target's own.

        The run's pace learns of it, as of a response that isn't.

        Args:
            response: To a request.
            admitted_at: When the request was let go (see `admit`).

        Raises:
            NotApplicable: It is, and the case floods the target.
            Untestable: It is, and the target refuses everything.
        """
        if self._options.pace is None or (self._options.expects_limits and response.status in (429, 503)):
            return False
        if not await self._is_own_limit(response):
            self._options.pace.passed(admitted_at)
            return False
        self.refusals.append(copy(response))
        self._options.pace.refused(admitted_at, announced_wait_s(response))
        if self._options.floods:
            raise NotApplicable(FLOOD)
        self._options.pace.require_hope()
        if ASKED_AGAIN not in self.notes:
            self.notes.append(ASKED_AGAIN)
        return True

    async def _is_own_limit(self, response: Response) -> bool:
        expected = self._options.expects_outage if response.status == 503 else self._options.expects_limits
        if expected or not is_refusal(response):
            return False
        if self._control is None or not response.marker:
            return True
        return not await self._control.attempts(response.marker) and not await self._was_made_to_rest(response)

    async def _was_made_to_rest(self, refused: Response) -> bool:
        """Whether a failure of the provider's in this case explains that the target rests its models."""
        assert self._options.pace is not None
        assert self._control is not None
        if self._options.pace.is_limiting:
            return False
        for response in self.responses:
            if response is refused:
                continue
            attempts = await self._control.attempts(response.marker) if response.marker else []
            if any(one.response is None or one.response.status >= 400 for one in attempts) or response.status == 503:
                return True
        return False
