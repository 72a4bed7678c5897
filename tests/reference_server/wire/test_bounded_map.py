"""Work on many items, a limited number of them at a time."""

from __future__ import annotations

import asyncio

from hopcheck_server.wire.tasks import bounded_map


def test_results_are_in_order_and_work_is_bounded(alone) -> None:
    running: list[int] = []
    most: list[int] = []

    async def work(item: int) -> int:
        running.append(item)
        most.append(len(running))
        for _ in range(item % 3):
            await asyncio.sleep(0)
        running.remove(item)
        return item * 10

    async def main() -> list[int]:
        return await bounded_map(work, range(10), 3)

    assert alone(main) == [item * 10 for item in range(10)]
    assert max(most) == 3
