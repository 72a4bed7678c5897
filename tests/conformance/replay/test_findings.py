"""Cassettes judge a proxy: other requests, missing requests and dependence on chunks are findings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from hopcheck import IncomingRequest, OutgoingRequest, Relay, RelayedResponse, refuse
from hopcheck.cassettes import load
from hopcheck.client.operations import OPERATIONS
from hopcheck.engine.verdict import Outcome
from hopcheck.gate.catalogue import all_cases
from hopcheck.replay.live_only import burst_owner, cassette_of_case, live_only, without_burst
from hopcheck.report.run_summary import LIVE_ONLY
from hopcheck.selftest.replayed.chunk_parser_mutant import ParsesEachRead
from hopcheck.selftest.replayed.on_cassettes import CassetteResult, run_on_cassettes
from hopcheck.selftest.replayed.trials import Trial, on_cassette

FOLDER = Path(__file__).parents[3] / "cassettes" / "litellm-1.106.2"
CASES = all_cases()
CASE = CASES["stream.done-once"]


PLAYED = (
    "stream.done-once",
    "stream.same-id",
    "stream.utf8-split",
    "stream.line-endings",
    "auth.not-forwarded",
    "rate_limit.*",
    "preflight",
)


@pytest.fixture(scope="module")
def cassettes():
    found = [load(path) for pattern in PLAYED for path in sorted(FOLDER.glob(f"{pattern}~*.yaml"))]
    return {cassette.name: cassette for cassette in found}


def judge(relay: type[Relay], cassettes, case=CASE, more: bool = False) -> Trial:
    return asyncio.run(on_cassette(case, relay, cassettes, more=more))


def checks(trial: Trial) -> dict[str, bool]:
    return {finding.check: finding.ok for finding in trial.verdict.findings}


def test_the_healthy_relay_holds(cassettes) -> None:
    trial = judge(Relay, cassettes, more=True)
    assert trial.verdict.outcome is Outcome.CONFORMS
    assert {"replay.match", "replay.played", "replay.chunking", "one [DONE]"} <= checks(trial).keys()


class AddsAField(Relay):
    """Requests go on with a field that the client didn't send."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "user": "relay"})


class AsksTwice(Relay):
    """Every request is sent twice."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        await self._provider.attempt(outgoing, 5)
        return outgoing


class RefusesAll(Relay):
    """Nothing is passed on."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 503, "No.")


@pytest.mark.parametrize(
    ("relay", "check", "actual"),
    [
        (AddsAField, "replay.match", '$.user is "relay", recorded was none'),
        (AsksTwice, "replay.match", "sent more often than recorded"),
        (RefusesAll, "replay.played", "stream.done-once~chat.stream #1"),
    ],
)
def test_other_requests_are_a_finding(relay, check, actual, cassettes) -> None:
    trial = judge(relay, cassettes)
    (finding,) = (one for one in trial.verdict.findings if one.check == check)
    assert trial.verdict.outcome is Outcome.DEVIATES
    assert not finding.ok
    assert actual in str(finding.actual)


def test_a_proxy_without_requests_deviates_in_any_case(cassettes) -> None:
    case = CASES["auth.not-forwarded"]
    trial = judge(RefusesAll, cassettes, case)
    assert "did not reach the upstream" in trial.verdict.reason
    assert (trial.verdict.outcome, checks(trial)["replay.played"]) == (Outcome.DEVIATES, False)


def test_a_parser_of_chunks_is_found_by_rechunking(cassettes) -> None:
    assert judge(ParsesEachRead, cassettes).verdict.outcome is Outcome.CONFORMS
    trial = judge(ParsesEachRead, cassettes, more=True)
    (finding,) = (one for one in trial.verdict.findings if one.check == "replay.chunking")
    assert {one["chunks"] for one in finding.actual} == {"one-byte", "split-utf8"}


def test_who_uses_another_key_is_found(cassettes) -> None:
    class ClientsKey(Relay):
        """The client's key goes on."""

        async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
            return outgoing.with_header("Authorization", f"Bearer {outgoing.incoming.key}")

    assert not checks(judge(ClientsKey, cassettes))["replay.match"]


def results_of(case_id: str, cassettes, excluded=None) -> list[CassetteResult]:
    async def run() -> list[CassetteResult]:
        return [result async for result in run_on_cassettes([CASES[case_id]], cassettes, excluded or {}, 1)]

    return asyncio.run(run())


def test_each_mutant_is_killed(cassettes) -> None:
    status = {result.relay: (result.status, result.detail) for result in results_of("stream.done-once", cassettes)}
    assert status["SaysDoneTwice"] == ("killed", "one [DONE]")
    assert status["ParsesEachRead"] == ("killed", "replay.chunking")
    assert status["the healthy relay"][0] == "as recorded"
    status = {result.relay: result.status for result in results_of("stream.utf8-split", cassettes)}
    assert status["DecodesEachRead"] == "killed"  # by the chunkings: LiteLLM itself splits no character
    status = {result.relay: result.status for result in results_of("stream.line-endings", cassettes)}
    assert status["LooksForTwoLineFeeds"] == "killed"  # by the script in LiteLLM's place: LiteLLM writes line feeds


def test_a_mutant_that_no_check_fails_survives(cassettes) -> None:
    class Whispers(Relay):
        """Streams end with a comment that no check fails."""

        async def frames(self, events) -> AsyncIterator[bytes]:
            async for event in events:
                yield event.raw
            yield b": bye\n\n"

    example = replace(CASE.mutants[0], name="Whispers", relay=Whispers)
    case = replace(CASE, mutants=[example])

    async def run() -> dict[str, str]:
        return {result.relay: result.status async for result in run_on_cassettes([case], cassettes, {}, 1)}

    assert asyncio.run(run())["Whispers"] == "survived"


def test_an_unrecorded_failure_is_a_false_positive(cassettes) -> None:
    cassette = cassettes["stream.same-id~chat.stream"]
    (one,) = cassette.interactions
    assert one.response is not None
    frames = replace(one.delivery, frames=one.delivery.frames[:-1])
    size = sum(frame.size for frame in frames.frames)
    short = replace(
        one, response=replace(one.response, body=one.response.body[:size]), delivery=replace(frames, ended="cut")
    )
    broken = {**cassettes, "stream.same-id~chat.stream": replace(cassette, interactions=(short,))}
    assert {result.status for result in results_of("stream.same-id", broken) if "healthy" in result.relay} == {
        "false positive"
    }


def test_a_live_only_case_says_why_for_each_mutant(cassettes) -> None:
    excluded = live_only(CASES.values(), cassettes, {"chat.large-request~chat": "too long"})
    assert excluded["chat.large-request[chat]"] == f"{LIVE_ONLY}too long"
    assert excluded["rate_limit.recovers[chat]"].startswith(f"{LIVE_ONLY}it waits")
    assert live_only([CASE], {}, {}) == {"stream.done-once[chat.stream]": f"{LIVE_ONLY}it has no cassette"}
    status = results_of("rate_limit.recovers", cassettes, excluded)
    assert {(result.status, result.detail) for result in status} == {
        ("live-only", excluded["rate_limit.recovers[chat]"])
    }


def test_a_case_about_unrecorded_headers_is_live_only(cassettes) -> None:
    recorded = {"auth.response-headers~chat": cassettes["stream.done-once~chat.stream"]}
    reason = live_only([CASES["auth.response-headers"]], recorded, {})["auth.response-headers[chat]"]
    assert "set-cookie" in reason


def test_what_a_held_connection_decides_is_live_only() -> None:
    """Of the cases whose provider holds a stream open, some end with the client, or with a declared timeout."""
    held = {"stream.ends-at-done~chat.stream"}
    ended = {
        "cancel.slot-release~chat",
        "cancel.silent-stream~chat.stream",
        "rate_limit.concurrency-release~chat",
        "stream.stall~chat.stream",
    }
    recorded = {name: load(FOLDER / f"{name}.yaml") for name in held | ended}
    cases = [CASES[name.partition("~")[0]] for name in recorded]
    assert {cassette_of_case(case) for case in cases if case.key in live_only(cases, recorded, {})} == held


def test_few_cases_are_live_only(cassettes) -> None:
    recorded = dict.fromkeys((path.stem for path in FOLDER.glob("*.yaml")), cassettes["stream.done-once~chat.stream"])
    of_openai = [case for case in CASES.values() if OPERATIONS[case.operation].surface == "openai"]
    asked = [case for case in of_openai if "translates" not in case.needs]
    assert len(live_only(asked, recorded, {})) <= 0.15 * len(asked)


def test_a_shared_burst_is_on_the_first_cases_cassette(cassettes) -> None:
    exact = CASES["rate_limit.exact"]
    assert burst_owner(exact, cassettes) == "rate_limit.429-shape"
    assert burst_owner(CASES["rate_limit.429-shape"], cassettes) == burst_owner(CASE, cassettes) == ""
    assert "select that, too" in without_burst([exact], cassettes)["rate_limit.exact[chat]"]
    assert without_burst([exact, CASES["rate_limit.429-shape"]], cassettes) == {}
    assert judge(Relay, cassettes, exact).verdict.outcome is Outcome.CONFORMS
