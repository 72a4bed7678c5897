"""How a proxy handles a LiteLLM that fails as its provider does: the case's own script in LiteLLM's place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asking import ask, open_to, send
from cassette_samples import streamed

from hopcheck import Events, Failure, IncomingRequest, Relay, RelayedResponse, reply
from hopcheck.authoring.case import Case
from hopcheck.authoring.findings import Finding
from hopcheck.authoring.mutants import Mutant
from hopcheck.cassettes import load
from hopcheck.client.config import Declares, Fallback
from hopcheck.client.providers.nonces import fixed_nonces, random_nonces
from hopcheck.gate.catalogue import all_cases
from hopcheck.replay import ReplayServer
from hopcheck.replay.live_only import cassette_of_case
from hopcheck.replay.scripted_backend import is_scripted, scripted_nonces
from hopcheck.replay.scripted_faults import WITHOUT_FALLBACK, is_applicable, without_litellm
from hopcheck.report.run_summary import SCRIPTED
from hopcheck.selftest.replayed.on_cassettes import CassetteResult, run_on_cassettes
from hopcheck.selftest.replayed.trials import on_cassette
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.script.turns import Script, Turn
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.client import ConnectFailed

FOLDER = Path(__file__).parents[3] / "cassettes" / "litellm-1.106.2"
CASES = all_cases()
PLAYED = ("stream.malformed-chunk", "timeout.connect", "fallback.taken", "rate_limit.429-shape")


@pytest.fixture(scope="module")
def cassettes():
    names = [*(cassette_of_case(CASES[case_id]) for case_id in PLAYED), "hopcheck~chat"]
    return {name: load(FOLDER / f"{name}.yaml") for name in names}


def scripted(relay: type[Relay], case: Case, cassettes) -> Finding | None:
    verdict = asyncio.run(on_cassette(case, relay, cassettes, more=True)).verdict
    return next((finding for finding in verdict.findings if finding.check == SCRIPTED), None)


class EndsInSilence(Relay):
    """A broken stream ends without an error."""

    async def broken(self, failure: Failure) -> Events:
        return
        yield


def test_a_fault_behind_litellm_is_a_finding(cassettes) -> None:
    case = CASES["stream.malformed-chunk"]
    healthy, broken = scripted(Relay, case, cassettes), scripted(EndsInSilence, case, cassettes)
    assert healthy is not None
    assert healthy.ok
    assert broken is not None
    assert not broken.ok
    assert [one["finding"] for one in broken.actual] == ["answer"]


class BlamesTheClient(Relay):
    """Every failure is reported as a bad request."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 400
        return response


def test_an_unreachable_provider_is_an_unreachable_litellm(cassettes) -> None:
    case = CASES["timeout.connect"]
    healthy, broken = scripted(Relay, case, cassettes), scripted(BlamesTheClient, case, cassettes)
    assert healthy is not None
    assert healthy.ok  # which says, too, that the relay was served again afterwards
    assert broken is not None
    assert [one["finding"] for one in broken.actual] == ["status"]


def test_litellms_declarations_are_not_required_of_the_proxy(cassettes) -> None:
    assert scripted(Relay, CASES["fallback.taken"], cassettes) is None
    assert scripted(Relay, CASES["rate_limit.429-shape"], cassettes) is None
    declares = Declares(fallback=Fallback(primary="a", backup="b"), retries=2)
    assert without_litellm(declares, {}) == Declares()
    assert without_litellm(declares, {"timeout_s": 2.0}) == Declares(timeout_s=2.0)


def test_only_faults_that_litellm_may_hide_are_played() -> None:
    assert not is_applicable(CASES["stream.done-once"])
    assert not is_applicable(CASES["isolation.concurrent"])
    assert all(is_applicable(CASES[name]) for name in ("stream.comments", "errors.shape", "stream.obfuscation"))
    assert all(is_applicable(CASES[name]) for name in WITHOUT_FALLBACK)


def test_no_other_nonce_goes_to_the_scripted_backend() -> None:
    assert is_scripted(Marker.make(NAME, "chat.stream", next(scripted_nonces())))
    others = [next(fixed_nonces()), *(next(random_nonces()) for _ in range(40))]
    assert not any(is_scripted(Marker.make(NAME, "chat.stream", nonce)) for nonce in others)
    assert not is_scripted(None)


def results_of(case: Case, cassettes) -> dict[str, CassetteResult]:
    async def run() -> dict[str, CassetteResult]:
        return {result.relay: result async for result in run_on_cassettes([case], cassettes, {}, 1)}

    return asyncio.run(run())


def test_only_faults_in_litellms_work_count_as_litellm(cassettes) -> None:
    """The other one is wrong by itself, where the case's cassette can't show it and its script isn't asked for."""
    case = CASES["fallback.taken"]
    wrong = Mutant("BlamesTheClient", "…", BlamesTheClient, "answers")
    case = replace(case, mutants=[*case.mutants, wrong])
    came = {name: result.status for name, result in results_of(case, cassettes).items()}
    assert came["NeverFallsBack"] == came["OnlyFallsBackOnServerErrors"] == "LiteLLM"
    assert came["BlamesTheClient"] == "survived"


# What is forwarded.

NAME = "stream.done-once"
REQUEST = streamed(NAME, "s0", ())


@asynccontextmanager
async def scripted_server(turn: Turn) -> AsyncIterator[tuple[ReplayServer, Upstream]]:
    async with (
        await Upstream.start({NAME: Script(turns=(turn,))}) as upstream,
        await ReplayServer({}, scripted_backend=upstream).start() as server,
    ):
        yield server, upstream


@pytest.mark.parametrize(
    ("turn", "ended"),
    [
        (reply.stream("Hel", "lo"), "complete"),
        (reply.stream("Hel", "lo", cut_after_events=2), "cut"),
        (reply.stream("Hel", "lo", cut_after_events=2, cut="reset"), "reset"),
        (reply.chat("Hello", content_length=9999), "cut"),
    ],
)
def test_an_answer_ends_as_the_script_ends_it(turn, ended) -> None:
    async def run() -> tuple[str, list[Attempt]]:
        async with scripted_server(turn) as (server, upstream):
            came = await ask(server, REQUEST, key="proxys-key")
            return came.ended, upstream.journal.attempts(f"hopcheck:{NAME}~~chat:s0")

    came, (attempt,) = asyncio.run(run())
    assert came == ended
    assert (attempt.method, attempt.path, attempt.key) == ("POST", "/v1/chat/completions", "proxys-key")
    assert attempt.body == REQUEST.request.body


def test_a_proxy_that_hangs_up_does_so_at_the_script_too() -> None:
    async def run() -> list[Attempt]:
        async with scripted_server(reply.hang("events", "Hel", after=1)) as (server, upstream):
            connection = await open_to(server)
            await send(connection, REQUEST)
            await connection.head(5)
            connection.close()
            return await upstream.journal.wait(f"hopcheck:{NAME}~~chat:s0", timeout_s=5)

    assert [attempt.ended for attempt in asyncio.run(run())] == ["hung-up"]


def test_connections_are_refused_while_the_server_is_away() -> None:
    async def run() -> int | None:
        async with scripted_server(reply.stream("Hello")) as (server, _):
            async with server.away():
                with pytest.raises(ConnectFailed):
                    await open_to(server)
            return (await ask(server, REQUEST)).status

    assert asyncio.run(run()) == 200
