"""Cases are recorded: what passed between a proxy and what is behind it, whole, and the same every time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hopcheck import Findings, Relay, Target, Untestable, expect, reply
from hopcheck.authoring.case import Case
from hopcheck.authoring.registry import case
from hopcheck.cassettes import Cassette, Provenance, load_all
from hopcheck.cassettes.comparison import difference, differences
from hopcheck.cassettes.model import BODY_LIMIT, Interaction, RecordedDelivery, RecordedRequest, RecordedResponse
from hopcheck.cassettes.recording.journal_keeper import JournalKeeper
from hopcheck.cassettes.recording.obstacles import why_unplayable
from hopcheck.cassettes.recording.recorder import Recorder, RecordingResult, RecordingSettings, turns
from hopcheck.cassettes.recording.wiretap import tapped
from hopcheck.cassettes.store import read_live_only, save, write_live_only
from hopcheck.client.config import ProviderModels
from hopcheck.client.providers.nonces import fixed_nonces
from hopcheck.engine.context import RunContext
from hopcheck.engine.verdict import Outcome
from hopcheck.selftest.relay_host import RelayHost, relay_target
from hopcheck_server.relay import RelayConfig, RelayServer

MADE = Provenance("0.1.0", "2026-11-23", "1.106.2")
READ_TIMEOUT_S = 30.0


@pytest.fixture
def cases(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Cases for these tests alone."""
    monkeypatch.setattr("hopcheck.authoring.registry.REGISTRY", {})
    return SimpleNamespace(
        stream=_stream(), whole=_whole(), listing=_listing(), large=_large(), crash=_crash(), leaves=_leaves()
    )


def _stream() -> Case:
    @case("stream.recorded", level="MUST", refs=["a"], upstream=reply.stream("Hel", "lo"))
    async def stream(target: Target) -> Findings:
        """It streams."""
        answer = await target.chat.stream()
        yield expect("text", answer.joined(), equals="Hello")

    return stream


def _whole() -> Case:
    @case("chat.recorded", level="MUST", refs=["a"], upstream=reply.chat("Hello"))
    async def whole(target: Target) -> Findings:
        """It asks twice, and something is wrong with the second answer."""
        for _ in range(2):
            answer = await target.chat.create()
            yield expect("status", answer.status, equals=200)
        yield expect("wrong", answer.status, equals=201)

    return whole


def _listing() -> Case:
    @case("models.recorded", level="MUST", refs=["a"])
    async def listing(target: Target) -> Findings:
        """It lists nothing that is marked."""
        answer = await target.request("POST", "/chat/completions", body=b'{"no": "marker"}')
        yield expect("status", isinstance(answer.status, int), equals=True)

    return listing


def _large() -> Case:
    @case("chat.recorded-large", level="MUST", refs=["a"], upstream=reply.chat("x" * (BODY_LIMIT + 1)))
    async def large(target: Target) -> Findings:
        """Its answer is too long for a cassette."""
        yield expect("status", (await target.chat.create()).status, equals=200)

    return large


def _crash() -> Case:
    @case("chat.recorded-crash", level="MUST", refs=["a"], upstream=reply.chat("Hello"))
    async def crash(target: Target) -> Findings:
        """It doesn't run to its end."""
        yield expect("status", (await target.chat.create()).status, equals=200)
        raise ZeroDivisionError

    return crash


def _leaves() -> Case:
    @case("cancel.recorded", level="MUST", refs=["a"], upstream=reply.stream("Hel", "lo", hang="events", hang_after=2))
    async def leaves(target: Target) -> Findings:
        """The client leaves in the middle."""
        async with await target.chat.open() as live:
            await live.event()
            live.hang_up()
        attempts = await target.seen(live.response.marker, attempts=1, settle_s=5)
        yield expect("left", attempts[0].ended, equals="hung-up")

    return leaves


MODELS = {"vllm": ProviderModels(chat="fake-model")}
"""Of a provider whose dialect is OpenAI's, as the relay doesn't translate."""


def record(
    cases: list[Case], folder: Path, left: list[Case] | None = None, providers: Sequence[str] = ("",)
) -> RecordingResult:
    """Record cases with a relay in the proxy's place, and the upstream in LiteLLM's; `left` gets those to do again."""

    async def main() -> RecordingResult:
        recorded = RecordingResult()
        async with (
            asyncio.timeout(READ_TIMEOUT_S),
            RelayHost({}, cases) as host,
            tapped(host.upstream.url) as wiretap,
        ):
            config = RelayConfig(upstream=f"http://127.0.0.1:{wiretap.pipe.port}/v1")
            async with await RelayServer({"r": Relay(config)}).start() as server:
                control = JournalKeeper(host.upstream.url)
                target = replace(relay_target("r", server.base_url("r"), config), providers=MODELS)
                secrets = {"provider": config.upstream_key, "user": config.client_keys[0]}
                settings = RecordingSettings(MADE, folder, secrets)
                context = RunContext(target, control, nonces=fixed_nonces, read_timeout_s=6.5)
                recorder = Recorder(settings, context, control, wiretap, recorded)
                asked = [turn for provider in providers for turn in turns(cases, provider)]
                again = await recorder.record(asked, lambda _: None, lambda _: None)
                assert left is not None or again == []
                if left is not None:
                    left.extend(turn.case for turn in again)
                await control.aclose()
        return recorded

    return asyncio.run(main())


def test_a_cassette_holds_chunks_verdict_and_journal(cases: SimpleNamespace, tmp_path: Path) -> None:
    recorded = record([cases.stream, cases.whole], tmp_path)
    cassettes = load_all(tmp_path)
    assert (sorted(recorded.saved), recorded.live_only) == (["chat.recorded~chat", "stream.recorded~chat.stream"], {})
    (one,), (entry,) = (
        cassettes["stream.recorded~chat.stream"].interactions,
        cassettes["stream.recorded~chat.stream"].journal,
    )
    assert (one.request.marker, entry.marker, entry.key) == (
        *["hopcheck:stream.recorded~~chat.stream:n0"] * 2,
        "provider",
    )
    assert one.delivery.framing == "chunked"
    assert one.pieces[-1] == b"data: [DONE]\n\n"
    assert one.request.uri == "http://127.0.0.1:4000/v1/chat/completions"
    assert [each.request.marker for each in cassettes["chat.recorded~chat"].interactions] == [
        "hopcheck:chat.recorded~~chat:n0",
        "hopcheck:chat.recorded~~chat:n1",
    ]
    verdict = cassettes["chat.recorded~chat"].verdict
    assert verdict is not None
    assert verdict.outcome == "deviates"
    assert verdict.findings.items() >= {"status": True, "wrong": False}.items()


def test_unmarked_requests_belong_to_the_running_case(cases: SimpleNamespace, tmp_path: Path) -> None:
    record([cases.stream, cases.listing], tmp_path)
    cassette = load_all(tmp_path)["models.recorded~models"]
    assert all(one.request.marker == "" for one in cassette.interactions)
    assert len(cassette.interactions) == len(cassette.journal)


def test_a_cassette_of_a_provider_is_next_to_the_other(cases: SimpleNamespace, tmp_path: Path) -> None:
    recorded = record([cases.stream, cases.large], tmp_path, providers=["", "vllm"])
    own, behind = "stream.recorded~chat.stream", "stream.recorded~chat.stream@vllm"
    assert sorted(recorded.saved) == [own, behind]
    assert sorted(recorded.live_only) == ["chat.recorded-large~chat", "chat.recorded-large~chat@vllm"]
    assert "stream.recorded[chat.stream@vllm]" in [verdict.key for verdict in recorded.verdicts]
    cassettes = load_all(tmp_path)
    assert [cassettes[name].provider for name in (own, behind)] == ["", "vllm"]
    markers = [one.marker for name in (own, behind) for one in cassettes[name].journal]
    assert markers == [f"hopcheck:stream.recorded~~chat.stream:{nonce}" for nonce in ("n0", "n0xvllm")]


def test_two_recordings_differ_in_ids_and_times_only(cases: SimpleNamespace, tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        record([cases.stream, cases.whole, cases.leaves], folder)
    assert differences(load_all(first), load_all(second)) == {}


def test_a_client_that_leaves_is_on_the_cassette(cases: SimpleNamespace, tmp_path: Path) -> None:
    record([cases.leaves], tmp_path)
    cassette = load_all(tmp_path)["cancel.recorded~chat"]
    assert [one.delivery.ended for one in cassette.interactions] == ["left"]
    assert [entry.ended for entry in cassette.journal] == ["hung-up"]


def test_an_unrecordable_case_is_live_only_without_a_cassette(cases: SimpleNamespace, tmp_path: Path) -> None:
    for one in (cases.large, cases.crash):
        save(Cassette(one.id, MADE, operation=one.operation), tmp_path)
    recorded = record([cases.large, cases.crash, cases.stream], tmp_path)
    assert list(load_all(tmp_path)) == ["stream.recorded~chat.stream"]
    assert sorted(recorded.live_only) == ["chat.recorded-crash~chat", "chat.recorded-large~chat"]
    assert "longer than 256 KiB" in recorded.live_only["chat.recorded-large~chat"]
    assert "did not run to its end: broken" in recorded.live_only["chat.recorded-crash~chat"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The signature is [redacted].", "what its provider signs is masked"),
        ("See http://127.0.0.1:40123/cat.png", "whose port is another one in each run"),
        ("See http://127.0.0.1:1/ and redacted", ""),
    ],
)
def test_requests_that_no_replay_sends_have_no_cassette(text: str, reason: str) -> None:
    response, delivery = RecordedResponse(200, "OK"), RecordedDelivery(0, 1, "none", "complete", 1)
    request = RecordedRequest("POST", "http://127.0.0.1:4000/v1/chat/completions", body=text.encode())
    found = why_unplayable(Cassette("chat.recorded", MADE, (Interaction(request, response, delivery),)))
    assert reason in found
    assert bool(found) == bool(reason)


def test_reasons_stay_until_the_case_is_recorded(tmp_path: Path) -> None:
    write_live_only(tmp_path, {"a.b": "why", "c.d": "why"}, [])
    write_live_only(tmp_path, {"e.f": "because"}, ["a.b"])
    assert read_live_only(tmp_path) == {"c.d": "why", "e.f": "because"}


def changed(cassette: Cassette, **more: Any) -> Cassette:
    one = cassette.interactions[0]
    return replace(cassette, interactions=(replace(one, **more), *cassette.interactions[1:]))


def test_a_difference_is_named(cases: SimpleNamespace, tmp_path: Path) -> None:
    record([cases.stream], tmp_path)
    cassette = load_all(tmp_path)["stream.recorded~chat.stream"]
    one = cassette.interactions[0]
    assert one.response is not None
    others = {
        "status": changed(cassette, response=replace(one.response, status=500)),
        "body": changed(cassette, response=replace(one.response, body=one.response.body + b"x")),
        "ended": changed(cassette, delivery=replace(one.delivery, ended="cut")),
        "frames": changed(cassette, delivery=replace(one.delivery, frames=one.delivery.frames[1:])),
        "headers": changed(cassette, response=replace(one.response, headers=one.response.headers[1:])),
        "0 of journal": replace(cassette, journal=()),
        "0 of interactions": replace(cassette, interactions=()),
        "key": replace(cassette, journal=(replace(cassette.journal[0], key="backup"),)),
        "verdicts": replace(cassette, verdict=None),
    }
    assert difference(cassette, cassette) == ""
    for part, other in others.items():
        assert part in difference(cassette, other)


def test_an_inapplicable_case_has_no_cassette_and_no_reason(tmp_path: Path, cases: SimpleNamespace) -> None:
    recorded = record([replace(cases.stream, needs=frozenset({"continues"}))], tmp_path)
    assert (recorded.saved, recorded.live_only) == ([], {})
    assert [verdict.outcome for verdict in recorded.verdicts] == [Outcome.NOT_APPLICABLE]


def test_untestable_cases_are_repeated_and_the_first_comes_last(cases: SimpleNamespace, tmp_path: Path) -> None:
    @case("chat.a", level="MUST", refs=["a"])
    async def silent(target: Target) -> Findings:
        """Nothing answers."""
        raise Untestable("nothing came")
        yield

    ids = ("a", "b", "c", "d", "e")
    all_of_them = [replace(silent if name != "b" else cases.whole, id=f"chat.{name}") for name in ids]
    left: list[Case] = []
    recorded = record([*all_of_them, cases.stream], tmp_path, left)
    assert [one.id for one in left] == ["chat.d", "chat.e", "stream.recorded", "chat.a", "chat.c"]
    assert recorded.saved == ["chat.b~chat"]
