"""A client runs in every scenario, with the upstream itself as the target."""

from __future__ import annotations

import asyncio
import io
import json

import jsonschema_rs
import pytest
from rich.console import Console

from hopcheck.client.config import TargetConfig
from hopcheck.real_clients.client_report import client_document, document_text, print_results
from hopcheck.real_clients.client_runner import ClientRunner, ClientToRun, ScenarioResult
from hopcheck.real_clients.command_line_client import Invocation
from hopcheck.real_clients.scenarios import SCENARIOS
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.server import Upstream

from .scripted_client import PYTHON, ScriptedClient


def results_of(mode: str) -> list[ScenarioResult]:
    async def run() -> list[ScenarioResult]:
        async with await Upstream.start({}, port=0) as upstream:
            config = TargetConfig(name="t", base_url=f"{upstream.url}/v1", api_key="k")
            runner = ClientRunner(config, LocalControl(upstream), jobs=8)
            return await runner.run([ClientToRun(ScriptedClient(mode), PYTHON, "fake-model")], asyncio.Event())

    return asyncio.run(run())


@pytest.fixture(scope="module")
def careful() -> list[ScenarioResult]:
    return results_of("")


@pytest.fixture(scope="module")
def gullible() -> list[ScenarioResult]:
    return results_of("gullible")


def wrong(results: list[ScenarioResult]) -> dict[str, list[str]]:
    return {one.scenario.name: [f.check for f in one.findings if not f.ok] for one in results if not one.holds}


def test_a_careful_client_is_right_everywhere(careful: list[ScenarioResult]) -> None:
    assert [one.scenario for one in careful] == list(SCENARIOS)
    assert wrong(careful) == {}
    assert {one.scenario.name: len(one.attempts) for one in careful if len(one.attempts) != 1} == {
        "tool": 2,
        "rate-limit": 2,
    }


def test_a_gullible_one_is_seen(gullible: list[ScenarioResult]) -> None:
    assert wrong(gullible) == {
        "rate-limit": ["pause before the second, in seconds"],
        "cut": ["exit code", "failure that is shown"],
        "unfinished": ["exit code", "failure that is shown"],
    }


def test_what_had_ended_when_it_was_stopped_is_kept() -> None:
    class StopsInTheSecond(ScriptedClient):
        begun = 0

        def prepare(self, asked: Invocation) -> None:
            super().prepare(asked)
            self.begun += 1
            if self.begun == 2:
                stopped.set()

    async def run() -> list[ScenarioResult]:
        async with await Upstream.start({}, port=0) as upstream:
            config = TargetConfig(name="t", base_url=f"{upstream.url}/v1", api_key="k")
            runner = ClientRunner(config, LocalControl(upstream), jobs=1)
            return await runner.run([ClientToRun(StopsInTheSecond(), PYTHON, "fake-model")], stopped)

    stopped = asyncio.Event()
    kept = asyncio.run(run())
    assert [one.scenario for one in kept] == [SCENARIOS[0]]
    document = client_document("http://t/v1", kept, {}, {}, partial=True)
    assert kept[0].holds
    assert (document["partial"], document["holds"]) == (True, False)


def test_the_report_has_the_evidence(gullible: list[ScenarioResult]) -> None:
    document = client_document("http://t/v1", gullible, {"scripted": "1.0"}, {"other": "isn't installed"})
    assert document["format"] == "hopcheck.clients/1"
    assert not document["holds"]
    entry = next(one for one in document["results"] if one["scenario"] == "unfinished")
    assert (entry["exit_code"], entry["text"], entry["failure"]) == (0, "The first half of it ", "")
    assert [(one["path"], one["status"], one["ended"]) for one in entry["attempts"]] == [("/v1/messages", 200, "cut")]
    assert [one["check"] for one in entry["findings"] if not one["ok"]] == ["exit code", "failure that is shown"]
    assert json.loads(document_text(document)) == document
    assert jsonschema_rs.is_valid({"type": "object"}, document)


def test_the_terminal_shows_it(gullible: list[ScenarioResult]) -> None:
    console = Console(file=io.StringIO(), width=120)
    print_results(gullible, console)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    lines = [line.split() for line in printed.splitlines()]
    assert ["✗", "unfinished", "0", "200", "cut", "The", "first", "half", "of", "it"] in lines
    assert (
        "✗ scripted with fake-model, unfinished: the provider ends its stream without an end of the message." in printed
    )
    assert "exit code: expected isn't 0, got 0" in printed
