"""A gate run on cassettes, from the command line's options to the report."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from hopcheck import OutgoingRequest, Relay
from hopcheck.cli import main
from hopcheck.client.operations import OPERATIONS
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult
from hopcheck.gate.run import gate as run_gate
from hopcheck.gate.unfit import Unfit
from hopcheck.replay.cassette_folder import CassetteFolder
from hopcheck.replay.live_only import cassette_of_case
from hopcheck.replay.offline import offline, reference_target
from hopcheck.report.build import build
from hopcheck.report.document import replay_line, violations
from hopcheck.report.render.html import html_text
from hopcheck.report.render.junit import junit_text
from hopcheck.report.render.markdown import markdown_text
from hopcheck.report.run_summary import Replay, RunSummary
from hopcheck.report.tally import headline
from hopcheck.selftest.relay_host import relay_target
from hopcheck.selftest.replayed.litellm_relay import BehindLiteLLM
from hopcheck_server.relay import RelayConfig, RelayServer

FOLDER = Path(__file__).parents[3] / "cassettes" / "litellm-1.106.2"
CASES = all_cases()
NAMES = ["stream.done-once", "stream.comments", "models.list-shape", "rate_limit.recovers", "auth.required"]
CHOSEN = [case for case in select(CASES.values(), NAMES) if OPERATIONS[case.operation].surface == "openai"]
"""Those that LiteLLM's target offers."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A few cassettes: reading all of them takes longer than these tests."""
    few = tmp_path_factory.mktemp("litellm-1.106.2")
    for name in (*map(cassette_of_case, CHOSEN), "preflight~chat", "hopcheck~chat"):
        shutil.copy(FOLDER / f"{name}.yaml", few)
    return few


class Pings(BehindLiteLLM):
    """Sends a small request before each request, to check whether the model is there."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        ping = replace(outgoing, body=b'{"model":"fake-model","messages":[{"role":"user","content":"ping"}]}')
        await self._provider._exchange(ping, 5)
        return outgoing


def gate(relay: type[Relay], folder: Path) -> dict:
    async def run() -> tuple[GateResult, Replay]:
        cassettes = CassetteFolder.read(folder, CASES)
        declares = replace(reference_target().declares, rate_limit=reference_target().declares.rate_limit)
        config = RelayConfig(upstream="http://127.0.0.1:1/v1")
        target = replace(relay_target("own", "http://127.0.0.1:1/v1", config), declares=declares, second_api_key="")
        async with offline(GateOptions(config=target, cases=CHOSEN), cassettes, own_proxy=True) as off:
            served = await RelayServer({"": relay(replace(config, upstream=f"{off.server.url}/v1"))}).start()
            async with served:
                context = replace(off.context, config=replace(target, base_url=served.base_url()))
                outcome = await run_gate(off.options, asyncio.Event(), lambda *_: None, nullcontext(context))
                return outcome, off.replay()

    outcome, replay = asyncio.run(run())
    facts = RunSummary(started=outcome.started, duration_s=1.0, selected=len(CHOSEN), replay=replay)
    return build(outcome.verdicts, CASES, relay_target("own", "http://h/v1", RelayConfig(upstream="")), facts)


def test_the_users_proxy_is_judged_on_cassettes(folder) -> None:
    document = gate(BehindLiteLLM, folder)
    assert violations(document) == []
    assert document["target"]["replay"] == {
        "folder": str(folder),
        "litellm": ["1.106.2"],
        "cassettes": len(CHOSEN) + 2,
        "live_only": 1,
        "scripted": 1,
        "problems": [],
    }
    outcomes = {case["id"]: case["outcome"] for case in document["cases"]}
    assert outcomes.pop("rate_limit.recovers") == "not-applicable"
    assert set(outcomes.values()) == {"conforms"}
    assert document["summary"]["exit"] == 0
    assert "1 case live-only, 1 case asked again" in replay_line(document)
    for rendered in (markdown_text(document), html_text(document)):
        assert "1 case live-only" in rendered


def test_an_unmarked_miss_fails_the_run(folder) -> None:
    document = gate(Pings, folder)
    assert document["summary"]["exit"] == 1
    (problem, *_) = document["target"]["replay"]["problems"]
    assert problem.startswith("POST /v1/chat/completions: ")
    assert "isn't on the cassettes" in headline(document)
    assert "hopcheck.replay" in junit_text(document)
    assert "What isn&#39;t on the cassettes" in html_text(document) or "isn't on the cassettes" in html_text(document)
    assert json.loads(json.dumps(document)) == document


def test_a_folder_that_holds_no_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="there are no cassettes"):
        CassetteFolder.read(tmp_path, CASES)
    text = (FOLDER / "stream.done-once~chat.stream.yaml").read_text(encoding="utf-8")
    (tmp_path / "stream.done-twice~chat.stream.yaml").write_text(text.replace("stream.done-once", "stream.done-twice"))
    with pytest.raises(Unfit, match="is the cassette of no case"):
        CassetteFolder.read(tmp_path, CASES)
    (tmp_path / "stream.done-twice~chat.stream.yaml").write_text("version: [")
    with pytest.raises(Unfit, match="can't be played"):
        CassetteFolder.read(tmp_path, CASES)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gate", "--replay", "nowhere"], "there are no cassettes in nowhere"),
        (["gate", "--replay", str(FOLDER), "--one-sided"], "leave out --one-sided"),
        (["gate", "http://127.0.0.1:1/v1", "--replay", str(FOLDER)], "say with --upstream-port"),
        (["replay", "nowhere"], "there are no cassettes in nowhere"),
        (["replay", str(FOLDER), "--timing", "fast"], "timing is recorded, instant or scaled"),
        (["selftest", "--replay", "nowhere"], "there are no cassettes in nowhere"),
    ],
)
def test_a_mistake_gets_one_sentence(words, message, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert message in capsys.readouterr().err
