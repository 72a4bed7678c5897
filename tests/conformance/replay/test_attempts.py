"""The attempts that a case sees: LiteLLM's side from the cassette, and the proxy's side from the replay."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from asking import ask, by_name, open_to, send
from cassette_samples import MADE, answered, entry, streamed, unanswered

from hopcheck.cassettes import Cassette, Interaction, JournalEntry
from hopcheck.cassettes.journal_entry import Pairs
from hopcheck.replay import ReplayServer
from hopcheck.replay.attempts import KEYS
from hopcheck_server.upstream.journal.attempt import Attempt

CASE = "cancel.stream"
STREAM = streamed(CASE, "n0", ("Hel", "lo"))
MARKER = STREAM.request.marker


def serve(one: Interaction, *entries: JournalEntry, scale: float = 0.0) -> ReplayServer:
    return ReplayServer(by_name(Cassette(CASE, MADE, (one,), entries)), scale=lambda case: scale)


def seen_of(one: Interaction, *entries: JournalEntry) -> list[Attempt]:
    async def run() -> list[Attempt]:
        async with await serve(one, *entries).start() as server:
            await ask(server, one, "sk-litellm")
            return await server.journal.wait(MARKER, attempts=len(entries), timeout_s=5)

    return asyncio.run(run())


def test_an_attempt_is_the_recorded_one_with_the_proxys_headers() -> None:
    (attempt,) = seen_of(STREAM, entry(STREAM))
    assert (attempt.marker, attempt.script, attempt.number, attempt.ended) == (MARKER, CASE, 1, "answered")
    assert (attempt.model, attempt.path) == ("fake-model", "/v1/chat/completions")
    assert attempt.key == "sk-litellm"  # to the proxy, LiteLLM is the provider
    assert [value for name, value in attempt.headers if name == "content-type"] == ["application/json"]


BETAS = (("anthropic-beta", "one,two"),)


def betas_at_provider(recorded: Pairs, sent: Pairs) -> list[str]:
    asked = replace(STREAM, request=replace(STREAM.request, headers=(*STREAM.request.headers, *recorded)))
    passed = replace(entry(asked), headers=(*entry(asked).headers, *BETAS))

    async def run() -> list[Attempt]:
        async with await serve(asked, passed).start() as server:
            await ask(server, asked, fields=sent)
            return await server.journal.wait(MARKER, attempts=1, timeout_s=5)

    (attempt,) = asyncio.run(run())
    return [value for name, value in attempt.headers if name == "anthropic-beta"]


def test_a_field_that_litellm_passes_on_is_the_proxys() -> None:
    assert betas_at_provider(BETAS, BETAS) == ["one,two"]
    assert betas_at_provider(BETAS, (("anthropic-beta", "one"),)) == ["one"]
    assert betas_at_provider(BETAS, ()) == []
    assert betas_at_provider((), ()) == ["one,two"]  # then it is LiteLLM's own


def test_a_stream_that_the_replay_asks_for_again_is_no_attempt() -> None:
    async def run() -> tuple[int, int]:
        async with await serve(STREAM, entry(STREAM)).start() as server:
            await ask(server, STREAM)
            server.rewind(MARKER, "one-byte")
            await ask(server, STREAM)
            server.rewind(MARKER, None)
            return len(server.journal.requests(MARKER)), len(server.journal.attempts(MARKER))

    assert asyncio.run(run()) == (2, 1)


def test_litellms_retries_and_fallbacks_are_attempts() -> None:
    failed, again = entry(STREAM), replace(entry(STREAM, number=2, key="backup"), at_us=9000)
    attempts = seen_of(STREAM, failed, again)
    assert [(one.number, one.key) for one in attempts] == [(1, "sk-litellm"), (2, KEYS["backup"])]
    assert attempts[1].where("sk-litellm") == []


def test_keys_in_another_order_arrive_in_another_order() -> None:
    turned = json.dumps(dict(reversed(json.loads(STREAM.request.body).items()))).encode()

    async def run() -> list[bytes]:
        async with await serve(replace(STREAM, repeat=2), entry(STREAM)).start() as server:
            await ask(server, STREAM)
            await ask(server, STREAM, body=turned)
            return [one.body for one in await server.journal.wait(MARKER, attempts=2, timeout_s=5)]

    first, second = asyncio.run(run())
    assert first == STREAM.request.body
    assert list(json.loads(second)) == list(reversed(json.loads(first)))


def test_a_response_of_litellms_own_reached_no_provider() -> None:
    assert seen_of(STREAM) == []


def test_an_unrecorded_request_counts_as_an_attempt() -> None:
    async def run() -> list[Attempt]:
        async with await serve(STREAM, entry(STREAM)).start() as server:
            await ask(server, STREAM)
            await ask(server, STREAM)
            return await server.journal.wait(MARKER, attempts=2, timeout_s=5)

    assert [one.number for one in asyncio.run(run())] == [1, 2]


def test_recorded_times_start_at_the_replayed_request() -> None:
    late = replace(entry(STREAM), at_us=100_000, ended_us=100_000)

    async def run() -> tuple[list[Attempt], Attempt, Attempt]:
        async with await serve(STREAM, late, scale=1.0).start() as server:
            await ask(server, STREAM)
            before = server.journal.attempts(MARKER)
            (arrived,) = await server.journal.wait(MARKER, ended=False, timeout_s=5)
            (ended,) = await server.journal.wait(MARKER, timeout_s=5)
            own = server.journal.requests(MARKER)[0]
            assert arrived.received_ns - own.received_ns == 100_000_000
            return before, arrived, ended

    before, arrived, ended = asyncio.run(run())
    assert before == []
    assert (arrived.ended, ended.ended) == ("", "answered")
    assert ended.ended_ns - ended.received_ns == 100_000_000


HUNG_UP = replace(entry(STREAM), ended="hung-up", ended_us=400)
LEFT = replace(STREAM, delivery=replace(STREAM.delivery, ended="left"))


def test_litellm_hangs_up_only_if_the_proxy_does() -> None:
    async def run(leave: bool) -> str:
        async with await serve(LEFT, HUNG_UP).start() as server:
            connection = await open_to(server)
            await send(connection, LEFT)
            await connection.head(5)
            if leave:
                connection.abort()
            (attempt,) = await server.journal.wait(MARKER, timeout_s=5 if leave else 0.05)
            connection.abort()
            return attempt.ended

    assert asyncio.run(run(leave=True)) == "hung-up"
    assert asyncio.run(run(leave=False)) == ""


def test_litellm_stays_if_it_stayed_in_the_recording() -> None:
    stayed = replace(entry(STREAM), ended="released", ended_us=90_000)

    async def run() -> tuple[str, str]:
        async with await serve(LEFT, stayed, scale=1.0).start() as server:
            connection = await open_to(server)
            await send(connection, LEFT)
            await connection.head(5)
            connection.abort()
            (open_,) = await server.journal.wait(MARKER, timeout_s=0.1)
            server.release(MARKER)
            (released,) = await server.journal.wait(MARKER, timeout_s=5)
            return open_.ended, released.ended

    assert asyncio.run(run()) == ("", "released")


def test_a_response_waits_for_the_cases_release_again() -> None:
    released = replace(entry(STREAM), ended="released", at_us=100, ended_us=1000)

    async def run() -> tuple[str, list[str]]:
        async with await serve(STREAM, released).start() as server:
            asking = asyncio.ensure_future(ask(server, STREAM))
            await server.journal.wait(MARKER, ended=False, timeout_s=5)
            done, _ = await asyncio.wait({asking}, timeout=0.05)
            server.release(MARKER)
            came = await asking
            return came.ended, ["early" for _ in done]

    assert asyncio.run(run()) == ("complete", [])


def test_unmarked_attempts_are_listed_apart() -> None:
    plain = replace(answered(CASE, "n0", "x"), request=replace(STREAM.request, body=b'{"model": "fake-model"}'))
    reached = replace(entry(STREAM), body=plain.request.body)

    async def run() -> list[Attempt]:
        async with await serve(plain, reached).start() as server:
            await ask(server, plain)
            await ask(server, unanswered(CASE, "n0"))
            return server.journal.unmarked(0)

    (attempt,) = asyncio.run(run())
    assert attempt.body == plain.request.body
