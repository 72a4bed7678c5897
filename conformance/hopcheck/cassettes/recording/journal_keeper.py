"""The upstream's control for recordings: it keeps the attempts of each marker when the journal forgets them."""

from __future__ import annotations

from hopcheck_server.upstream.control.client import RemoteControl
from hopcheck_server.upstream.journal.attempt import Attempt

_ENDING_S = 5.0


class JournalKeeper(RemoteControl):
    """A remote control that keeps the attempts of forgotten markers."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._kept: list[Attempt] = []

    async def forget(self, marker: str) -> None:
        """Release what is held, keep the attempts, and forget the marker."""
        await self.release(marker)
        self._kept += await self.wait(marker, attempts=0, timeout_s=_ENDING_S)
        await super().forget(marker)

    async def take_kept(self, since_ns: int) -> list[Attempt]:
        """Return and drop the kept attempts, with those without a marker since that time."""
        kept, self._kept = self._kept, []
        return kept + await self.unmarked(since_ns)

    async def last(self, marker: str) -> list[Attempt]:
        """The attempts of a marker, whether it was forgotten or not."""
        return [one for one in self._kept if one.marker == marker] or await self.attempts(marker)
