"""Takes a target's backend down, and brings it back, with the switch that the target declares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from hopcheck.client.responses import Untestable
from hopcheck_server.relay import switch_control

if TYPE_CHECKING:
    from hopcheck.client.target import Target


@asynccontextmanager
async def backend_down(target: Target) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """While this lasts, nobody listens where the target's backend was; afterwards the target has got over it.

    Yields:
        A function that brings the backend back, for who wants to see what comes then.

    Raises:
        Untestable: There is no switch where the target declares one.
    """
    url = target.declares.outage
    assert url is not None, "the case must need outage"

    async def restore() -> None:
        await _turn(url, up=True)

    await _turn(url, up=False)
    try:
        yield restore
    finally:
        await restore()
        await target.recovered()


async def _turn(url: str, *, up: bool) -> None:
    try:
        await switch_control.turn(url, up=up)
    except (OSError, ValueError) as error:
        raise Untestable(f"the switch before the target's backend can't be turned: {error}") from error
