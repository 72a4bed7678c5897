"""A real LiteLLM is taken away: killed under traffic, and cut off by a switch."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hopcheck.cli.outage import CRITICAL, direct_to, experiment
from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import gate
from hopcheck.outage.timeline import CUT, WRONG, Timeline
from hopcheck_server.chain import Stack, serve_reference
from hopcheck_server.chain.litellm import DEFAULT_VERSION
from hopcheck_server.chain.switch import Switch

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(600)]

UPSTREAM = [sys.executable, "-m", "hopcheck", "upstream", "--port", "0"]


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    options = argparse.Namespace(litellm=DEFAULT_VERSION, rate=20.0, down=1.0)
    return asyncio.run(experiment(options, tmp_path_factory.mktemp("outage")))


def test_every_request_ends_as_it_should(timeline: Timeline) -> None:
    outcomes = Counter(one.outcome for one in timeline.asked)
    assert [one for one in timeline.asked if one.outcome == WRONG] == []
    assert min(outcomes["answered"], outcomes["direct"], outcomes["refused"]) > 0


def test_critical_models_are_served_throughout(timeline: Timeline) -> None:
    """A stream that had begun can't be taken back; everything else is answered."""
    killed_s = timeline.events["killed"]
    unserved = [one for one in timeline.asked if one.critical and one.outcome not in ("answered", "direct")]
    assert [one for one in unserved if one.outcome != CUT or one.at_s > killed_s] == []


def test_readiness_goes_and_comes_after_litellm(timeline: Timeline) -> None:
    order = sorted(timeline.events, key=lambda event: timeline.events[event])
    assert (order[0], order[-1]) == ("killed", "ready")
    assert set(order) == {"killed", "unready", "started", "back", "ready"}


def test_cases_about_outages_conform_in_front_of_litellm(tmp_path: Path) -> None:
    async def run() -> list[Verdict]:
        async with AsyncExitStack() as exits:
            chain = Stack.start(work_dir=tmp_path, upstream_command=UPSTREAM, proxy=False)
            stack = await exits.enter_async_context(chain)
            switch = await exits.enter_async_context(await Switch("127.0.0.1", stack.litellm.port).start())
            config = await _reference(exits, stack, switch, tmp_path)
            cases = select(all_cases().values(), ["llm_proxy.outage-*"])
            outcome = await gate(GateOptions(config=config, cases=cases), asyncio.Event(), lambda *_: None)
            return outcome.verdicts

    verdicts = asyncio.run(run())
    assert len(verdicts) == 4
    failed = [(one.case_id, one.reason, one.failed) for one in verdicts if one.outcome is not Outcome.CONFORMS]
    assert failed == []


async def _reference(exits: AsyncExitStack, stack: Stack, switch: Switch, folder: Path) -> TargetConfig:
    log_file = folder / "reference.log"
    settings = direct_to(stack.upstream)
    serving = serve_reference(switch.url, stack.litellm.master_key, log_file=log_file, settings=settings)
    proxy = await exits.enter_async_context(serving)
    return TargetConfig(
        name="reference",
        base_url=proxy.base_url,
        api_key=proxy.key,
        upstream_url=stack.upstream.url,
        models=Models(chat="fake-model"),
        declares=Declares(llm_proxy=True, outage=switch.control_url, direct_fallback=CRITICAL),
    )
