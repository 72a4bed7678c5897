"""What the configured log leaves out, and what not. Only asyncio's own event loop writes it; uvloop's doesn't."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator

import pytest

from hopcheck_server.proxy.telemetry.log import configure_logging

BLOCKS = 20


@pytest.fixture
def configured() -> Iterator[None]:
    """The log as a process has it, whose handlers are pytest's here."""
    asyncios = logging.getLogger("asyncio")
    before = list(asyncios.filters)
    configure_logging("warning", "text")
    yield
    asyncios.filters = before


async def write_to_one_who_has_left() -> None:
    """Write blocks in one turn of the event loop, so that it can't say in between that the connection is lost."""
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    theirs.close()
    for _ in range(BLOCKS):
        transport.write(b"block")


def test_blocks_for_one_who_has_left_flood_an_unconfigured_log(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(write_to_one_who_has_left())
    assert len(caplog.records) > BLOCKS // 2


@pytest.mark.usefixtures("configured")
def test_blocks_for_one_who_has_left_are_no_news(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(write_to_one_who_has_left())
    logging.getLogger("asyncio").warning("Something else.")
    assert [record.getMessage() for record in caplog.records] == ["Something else."]
