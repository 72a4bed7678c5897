"""The JSON values of a body are counted over all of its reads, once there may be too many."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.requests import Request

from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.requests import _Body

MOST = 1000


def read_in(parts: Sequence[bytes]) -> tuple[bytes, int]:
    """Read a body that comes in these parts; gives what was read, and how many parts were taken."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages[-1]["more_body"] = False
    coming = iter(messages)

    async def receive() -> dict[str, object]:
        return next(coming)

    body = _Body(Request({"type": "http", "headers": []}, receive), MOST)
    raw = asyncio.run(body.read())
    return raw, len(messages) - len(list(coming))


@pytest.mark.parametrize("sizes", [(500,), (333, 167), (100, 100, 100, 100, 100), (499, 1)])
def test_values_of_all_reads_count(sizes: Sequence[int]) -> None:
    parts = [b"[]," * size for size in sizes]  # two values each, by their brackets and commas
    assert read_in(parts) == (b"[]," * 500, len(sizes))
    with pytest.raises(ProxyError) as refused:
        read_in([*parts, b"[1]"])
    assert (refused.value.status, refused.value.code) == (413, "request_too_large")


def test_commas_of_texts_are_no_values() -> None:
    parts = [b'["', b"," * 5 * MOST, b'"]']
    assert read_in(parts) == (b"".join(parts), 3)
