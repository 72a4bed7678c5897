"""A real LiteLLM is taken away: killed under traffic, and cut off by a switch."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter

import pytest

from hopcheck.cli.outage import experiment
from hopcheck.outage.timeline import CUT, WRONG, Timeline
from hopcheck_server.chain.litellm import DEFAULT_VERSION

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(600)]

UPSTREAM = [sys.executable, "-m", "hopcheck", "upstream", "--port", "0"]


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    options = argparse.Namespace(litellm=DEFAULT_VERSION, rate=20.0, down=1.0)
    return asyncio.run(experiment(options, tmp_path_factory.mktemp("outage"), Timeline()))


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
    events = timeline.events
    assert set(events) == {"killed", "unready", "started", "back", "ready"}
    assert min(events, key=lambda event: events[event]) == "killed"
    # What LiteLLM itself answers is polled apart, so "back" may be seen a moment after "ready".
    assert min(events["back"], events["ready"]) > events["started"] > events["unready"]
