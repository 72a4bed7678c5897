"""The upstream's control, keeping what the journal held of each marker when its case let go of it."""

from __future__ import annotations

from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.upstream.journal.attempt import Attempt

_ENDING_S = 5.0


class JournalKeeper(RemoteControl):
    """Keeps the attempts of the markers that are forgotten."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._kept: list[Attempt] = []

    async def forget(self, marker: str) -> None:
        """Let go of what goes on, keep what there is, and forget."""
        await self.release(marker)
        self._kept += await self.wait(marker, attempts=0, timeout_s=_ENDING_S)
        await super().forget(marker)

    async def take_kept(self, since_ns: int) -> list[Attempt]:
        """Hand over what was kept, and what came without a marker since then."""
        kept, self._kept = self._kept, []
        return kept + await self.unmarked(since_ns)

    async def last(self, marker: str) -> list[Attempt]:
        """The attempts of a marker, whether it was forgotten or not."""
        return [one for one in self._kept if one.marker == marker] or await self.attempts(marker)
