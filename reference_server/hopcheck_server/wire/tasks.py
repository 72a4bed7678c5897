"""Tasks that work on one thing together: take what they bring, and end them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

S = TypeVar("S")
T = TypeVar("T")


async def following(queue: asyncio.Queue[T], workers: Sequence[asyncio.Task[None]]) -> T:
    """The next of what workers put into a queue.

    Raises:
        Exception: A worker's, which would else be waited for in vain.
        RuntimeError: All of them have ended, and the queue is empty.
    """
    while queue.empty():
        going = [worker for worker in workers if not worker.done()]
        crashed = [worker for worker in workers if worker.done() and not worker.cancelled() and worker.exception()]
        for worker in crashed:
            worker.result()
        if not going:
            raise RuntimeError("the workers have ended before their work")
        getter = asyncio.ensure_future(queue.get())
        try:
            await asyncio.wait({getter, *going}, return_when=asyncio.FIRST_COMPLETED)
            if getter.done():
                return getter.result()
        finally:
            getter.cancel()
    return queue.get_nowait()


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks that still go on, and wait until they have ended."""
    going = [task for task in tasks if not task.done()]
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)


async def unless(stopped: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Wait for work; None if it was stopped first, and the work is then cancelled."""
    if stopped.is_set():
        work.close()
        return None
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def bounded_map(work: Callable[[S], Awaitable[T]], items: Iterable[S], limit: int) -> list[T]:
    """Do the same work on all items, that many at a time; the results are in the items' order."""
    room = asyncio.Semaphore(limit)

    async def bounded(item: S) -> T:
        async with room:
            return await work(item)

    return await asyncio.gather(*map(bounded, items))


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
