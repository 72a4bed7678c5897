"""Work with the chain goes on as long as all of the chain's processes do, and no longer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hopcheck.cli import chain
from hopcheck.gate.unfit import Unfit
from hopcheck_server.chain.processes import ProcessError, ending


class Chain:
    """A chain one of whose processes ends on request."""

    def __init__(self) -> None:
        self.crashed = asyncio.Event()

    async def watch(self) -> None:
        await self.crashed.wait()
        raise ProcessError(f"LiteLLM {ending(-11)}.")


def test_work_is_done_while_all_of_it_runs() -> None:
    async def run() -> str:
        return await chain.while_it_runs(running(), asyncio.sleep(0, "done"), asyncio.Event())

    assert asyncio.run(run()) == "done"


def running() -> Any:
    return Chain()


def test_a_process_that_exits_stops_the_work_and_is_named() -> None:
    stopped_in_order = []

    async def run() -> None:
        stack, stopped = running(), asyncio.Event()

        async def work() -> None:
            stack.crashed.set()
            await stopped.wait()
            stopped_in_order.append(True)

        await chain.while_it_runs(stack, work(), stopped)

    with pytest.raises(ProcessError, match=r"LiteLLM was ended by signal 11 \(Segmentation fault\)"):
        asyncio.run(run())
    assert stopped_in_order == [True]


@pytest.mark.parametrize(("crashes", "error"), [(True, ProcessError), (False, Unfit)])
def test_what_cannot_be_reached_may_have_ended(
    monkeypatch: pytest.MonkeyPatch, crashes: bool, error: type[Exception]
) -> None:
    monkeypatch.setattr(chain, "EXIT_GRACE_S", 20 if crashes else 0)

    async def run() -> None:
        stack = running()

        async def work() -> None:
            if crashes:
                asyncio.get_running_loop().call_later(0.01, stack.crashed.set)
            raise Unfit("connection refused")

        await chain.while_it_runs(stack, work(), asyncio.Event())

    with pytest.raises(error):
        asyncio.run(run())


@pytest.mark.parametrize(("code", "words"), [(1, "ended with 1"), (-9, "was ended by signal 9 (Killed)")])
def test_exit_codes_in_words(code: int, words: str) -> None:
    assert ending(code) == words
