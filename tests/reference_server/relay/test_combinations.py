"""Combinations of honest relays: each does what all of its parts do, and none is left out."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from hopcheck_server.relay import Relay, RelayConfig, RelayServer
from hopcheck_server.relay.honest import HONEST_RELAYS
from hopcheck_server.relay.honest.combinations import (
    ALONE,
    COMBINATIONS,
    TRANSLATED_COMBINATIONS,
    CompressesAll,
    RewritesHeaders,
    RewritesTexts,
    WritesSmallPieces,
)
from hopcheck_server.relay.honest.translations import HONEST_TRANSLATIONS
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.client import ClientConnection, Head
from hopcheck_server.wire.pool import Origin

IN_TURN = {"request", "response", "events", "frames", "parts"}
"""The methods whose parts are called one after another; the others inherit from each other."""


def parts_of(combination: type[Relay]) -> tuple[type[Relay], ...]:
    return combination.__bases__[1:]


def test_every_honest_relay_is_run_once() -> None:
    in_some = [part for combination in COMBINATIONS for part in parts_of(combination)]
    assert sorted(map(repr, [*in_some, *ALONE])) == sorted(map(repr, HONEST_RELAYS))


def test_every_translation_is_run() -> None:
    in_some = {base for combination in TRANSLATED_COMBINATIONS for base in combination.__mro__}
    assert set(HONEST_TRANSLATIONS) <= in_some


@pytest.mark.parametrize("combination", COMBINATIONS)
@pytest.mark.parametrize("name", ["frames", "declares"])
def test_one_part_alone_writes_frames_or_declares(combination: type[Relay], name: str) -> None:
    owners = [part for part in parts_of(combination) if getattr(part, name) is not getattr(Relay, name)]
    assert len(owners) <= 1


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_what_parts_inherit_calls_the_next_part(combination: type[Relay]) -> None:
    for part in parts_of(combination):
        shared = {name for other in parts_of(combination) if other is not part for name in vars(other)}
        names = {name for name in vars(part).keys() & shared & set(dir(Relay)) if not name.startswith("__")}
        for name in names - IN_TURN:
            assert "super" in vars(part)[name].__code__.co_names, f"{part.__name__}.{name} hides the next one's"


async def asked(relay: type[Relay], body: dict[str, object]) -> tuple[Head, bytes]:
    async with await Upstream.start() as upstream:
        made = relay(RelayConfig(upstream=f"{upstream.url}/v1"))
        async with await RelayServer({"one": made}).start() as server:
            connection = await Origin.of(server.base_url("one")).connect()
            try:
                return await answer(connection, body)
            finally:
                connection.abort()


async def answer(connection: ClientConnection, body: dict[str, object]) -> tuple[Head, bytes]:
    sent = json.dumps({"messages": [{"role": "user", "content": "hi"}], **body}).encode()
    headers = [("Host", "localhost"), ("Authorization", "Bearer hopcheck-client-key"), ("Accept-Encoding", "gzip")]
    headers += [("Content-Type", "application/json"), ("Content-Length", str(len(sent)))]
    await connection.send("POST", "/one/v1/chat/completions", headers, sent)
    head = await connection.head(10)
    return head, b"".join([data async for _, data in connection.chunks(10)])


def ask(relay: type[Relay], **body: object) -> tuple[Head, bytes]:
    return asyncio.run(asked(relay, {"model": "fake-model", **body}))


def test_a_response_is_edited_by_one_part_after_another() -> None:
    head, body = ask(RewritesTexts)
    assert head.header("transfer-encoding") == "chunked"
    assert body.startswith(b'{\n  "')
    assert json.loads(body)["x_vendor"] == {"region": "eu", "cost": 0}
    assert json.loads(body)["choices"][0]["message"]["audio"] is None


def test_events_and_frames_are_edited_by_one_part_after_another() -> None:
    _, body = ask(RewritesTexts, stream=True)
    assert body.startswith(b": connected\r\n\r\n")
    assert b": keep-alive\r\n" in body
    assert body.count(b'"x_vendor"') == body.count(b'"tool_calls":null') > 0


def test_refusals_are_inherited() -> None:
    head, _ = ask(RewritesTexts, model="none")
    assert head.status == 400
    head, _ = ask(RewritesHeaders, messages=3)
    assert (head.status, head.header("server")) == (422, "relay")


def test_whole_responses_and_streams_are_compressed() -> None:
    for stream in (False, True):
        head, body = ask(CompressesAll, stream=stream)
        assert head.header("content-encoding") == "gzip"
        assert b'"choices"' in gzip.decompress(body)


def test_set_up_is_inherited() -> None:
    made = WritesSmallPieces(RelayConfig(upstream="http://localhost/v1"))
    assert type(made.limits).__name__ == "TokenBuckets"
