"""What is closed when its `async with` ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Has `aclose`, and so can be used as `async with await Server(…).start() as server:`."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close."""

    async def __aenter__(self) -> Self:
        """Use as a context manager once started."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.aclose()
