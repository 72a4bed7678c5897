"""The cassettes of providers are played to a proxy that is asked for their models, each to its own requests."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hopcheck import OutgoingRequest, Relay
from hopcheck.authoring.case import Case
from hopcheck.cassettes import cassette_name, load
from hopcheck.cassettes.recording.builder import held
from hopcheck.cli import main
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate as run_gate
from hopcheck.gate.unfit import Unfit
from hopcheck.replay.cassette_folder import CassetteFolder
from hopcheck.replay.live_only import cassette_of_case
from hopcheck.replay.offline import offline, reference_target
from hopcheck.report.run_summary import LIVE_ONLY
from hopcheck.selftest.relay_host import relay_target
from hopcheck.selftest.replayed.litellm_relay import BehindLiteLLM
from hopcheck_server.relay import RelayConfig, RelayServer

FOLDER = Path(__file__).parents[3] / "cassettes" / "litellm-1.106.2"
CASES = all_cases()
PROVIDERS = ("anthropic", "gemini", "openai_responses")
CHOSEN = select(CASES.values(), ["translation.max-tokens", "stream.done-once", "embeddings.float"])
REFERENCE = reference_target()
SERVED = [name for one in REFERENCE.providers.values() for name in (one.chat, one.embedding) if name]
CONFIG = RelayConfig(upstream="http://127.0.0.1:1/v1", models=("fake-model", *SERVED))


@pytest.fixture(scope="module")
def cassettes() -> CassetteFolder:
    """A few of the folder's, as all of them would take longer than these tests."""
    names = [cassette_of_case(case, provider) for case in CHOSEN for provider in ("", *PROVIDERS)]
    names += [f"preflight~chat{behind}" for behind in ("", *(f"@{provider}" for provider in PROVIDERS))]
    paths = [path for name in names if (path := FOLDER / f"{name}.yaml").exists()]
    return CassetteFolder(FOLDER, {path.stem: load(path) for path in paths}, {})


def judged(relay: type[Relay], cassettes: CassetteFolder, cases: list[Case] = CHOSEN) -> dict[str, Verdict]:
    """The verdicts on a relay behind all three providers, by their keys."""

    async def run() -> list[Verdict]:
        target = replace(relay_target("own", CONFIG.upstream, CONFIG), second_api_key="")
        target = replace(target, declares=REFERENCE.declares, providers=REFERENCE.providers)
        options = GateOptions(config=target, cases=cases, providers=PROVIDERS)
        async with offline(options, cassettes, own_proxy=True) as off:
            served = RelayServer({"": relay(replace(CONFIG, upstream=f"{off.server.url}/v1"))})
            async with await served.start():
                context = replace(off.context, config=replace(target, base_url=served.base_url()))
                result = await run_gate(off.options, asyncio.Event(), lambda *_: None, nullcontext(context))
                assert off.replay().problems == []
                return result.verdicts

    return {verdict.key: verdict for verdict in asyncio.run(run())}


def test_each_provider_is_judged_on_its_own_cassettes(cassettes: CassetteFolder) -> None:
    verdicts = judged(BehindLiteLLM, cassettes)
    assert {key for key in verdicts if key.startswith("stream")} == {
        f"stream.done-once[chat.stream@{provider}]" for provider in PROVIDERS
    }
    ran = {key: one for key, one in verdicts.items() if one.outcome is not Outcome.NOT_APPLICABLE}
    assert {(one.outcome, one.reason) for one in ran.values()} == {(Outcome.CONFORMS, "")}
    assert "embeddings.float[embeddings@gemini]" in ran
    assert all({"replay.match", "replay.played"} <= held(one).keys() for one in ran.values())
    wire = ran["stream.done-once[chat.stream@anthropic]"].exchanges
    assert {one["request"]["url"] for one in wire if one["side"] == "upstream"} == {"/v1/messages"}


def test_another_request_is_a_miss_of_that_provider_alone(cassettes: CassetteFolder) -> None:
    class AddsAField(BehindLiteLLM):
        """Requests for Claude go on with a field that the client didn't send."""

        async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
            claude = "claude" in str(outgoing.json.get("model")) and b"preflight" not in outgoing.body
            return outgoing.with_json({**outgoing.json, "user": "relay"}) if claude else outgoing

    (case,) = [one for one in CHOSEN if one.id == "stream.done-once"]
    verdicts = judged(AddsAField, cassettes, [case])
    missed = {one.provider: not held(one)["replay.match"] for one in verdicts.values()}
    assert missed == {provider: provider == "anthropic" for provider in PROVIDERS}


def test_a_provider_without_cassettes_is_refused(cassettes: CassetteFolder) -> None:
    with pytest.raises(Unfit, match="`hopcheck record --provider azure` makes some"):
        cassettes.of_providers(["gemini", "azure"])
    assert {one.provider for one in cassettes.of_providers(()).cassettes.values()} == {""}
    assert cassettes.recorded(CHOSEN, ()) == CHOSEN
    (embedding,) = [case for case in CHOSEN if case.operation == "embeddings"]
    assert cassettes.recorded([embedding], ["anthropic"]) == []


@pytest.mark.commands
def test_every_recorded_verdict_is_met_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all providers, with the reference proxy in front; its known deviations are in its baseline."""
    monkeypatch.chdir(tmp_path)
    assert main(["gate", "--replay", str(FOLDER), "--provider", "all", "--json", "replay.json"]) == 0
    judged_now = {
        cassette_name(one["id"], one["operation"], one["provider"]): (one["outcome"], held_in(one))
        for one in json.loads((tmp_path / "replay.json").read_text())["cases"]
        if not one["reason"].startswith(LIVE_ONLY)
    }
    recorded = {path.stem: load(path).verdict for path in FOLDER.glob("*@*.yaml")}
    judged_then = {name: (one.outcome, one.findings) for name, one in recorded.items() if one is not None}
    assert len(judged_now.keys() & judged_then.keys()) > 0.85 * len(judged_then)
    different = {name for name, now in judged_now.items() if name in judged_then and judged_then[name] != now}
    assert different == set()


def held_in(case: dict[str, Any]) -> dict[str, bool]:
    """Whether each check of a case held, without those of the replay."""
    own = [one for one in case["findings"] if not one["check"].startswith("replay.")]
    return {one["check"]: all(each["ok"] for each in own if each["check"] == one["check"]) for one in own}
