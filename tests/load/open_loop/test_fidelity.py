"""Streams that run at the same time through relays that spoil one event each: every event is compared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from hopcheck_load.measurement.exchange import INCOMPLETE, OTHER_TEXT
from hopcheck_load.measurement.load_plan import LoadPlan
from hopcheck_load.measurement.profiles import Stage
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.schedule import PlannedArrival
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import workload_name
from hopcheck_load.open_loop.requester import Requester
from hopcheck_load.stats.delivery import integrity
from hopcheck_server.relay import RelayConfig
from tests.load import faulty_relays

KEY = RelayConfig(upstream="").client_keys[0]
STREAMS = 2
_RUNS = count(1)
FAULTS = ("lost", "repeated", "out_of_order", "unreadable", "foreign", "unended")


@pytest.fixture(scope="module")
def upstream():
    with UpstreamProcess() as running:
        yield running


@pytest.fixture(scope="module")
def relays(upstream):
    with faulty_relays.served(upstream.url) as url:
        yield url


def exchanged(upstream, url, workload):
    """The records of two requests at a time."""
    arms = [Arm("hop", "hop", url, "fake-model", KEY)]
    stages = [Stage(workload, workload, 10.0, 0.0, 1.0)]
    plan = LoadPlan(
        arms=arms, profile="steady", stages=stages, arrivals="poisson", rate=10.0, seed=1, prefix=f"{next(_RUNS):08x}"
    )
    upstream.load(plan.scripts())
    records = []
    requesters = [Requester(plan, worker, records.append) for worker in range(STREAMS)]
    with ThreadPoolExecutor(STREAMS) as threads:
        made = [threads.submit(one.request, PlannedArrival(0.0, 0, 0, 0), 1) for one in requesters]
        assert [one.result() for one in made] == [None] * STREAMS
    for one in requesters:
        one.close()
    return records


def faults(upstream, url, workload):
    """What is wrong with the streams of two requests at a time, each counted."""
    records = exchanged(upstream, url, workload)
    assert [record.failure for record in records] == [""] * STREAMS
    counts = integrity(records)
    assert counts["streams"] == STREAMS
    return {name: counts[name] for name in FAULTS if counts[name]}


@pytest.mark.parametrize(
    ("relay", "workload", "failure"),
    [
        ("stops", "stream", INCOMPLETE),
        ("stops", "responses-stream", INCOMPLETE),
        ("stops", "messages-stream", INCOMPLETE),
        ("says-an-error", "stream", INCOMPLETE),
        ("empties", "chat", OTHER_TEXT),
        ("empties", "responses", OTHER_TEXT),
        ("empties", "messages", OTHER_TEXT),
    ],
)
def test_a_200_that_lacks_what_the_upstream_sent_is_a_failure(upstream, relays, relay, workload, failure):
    records = exchanged(upstream, f"{relays}/{relay}/v1", workload)
    assert [record.status for record in records] == [200] * STREAMS
    assert all(record.failure.startswith(failure) for record in records)


@pytest.mark.parametrize(
    ("relay", "found"),
    [
        ("healthy", {}),
        ("crosses", {"foreign": STREAMS}),
        ("loses", {"lost": STREAMS}),
        ("repeats", {"repeated": STREAMS}),
    ],
)
@pytest.mark.parametrize("surface", SURFACES)
def test_a_fault_of_one_event(upstream, relays, surface, relay, found):
    """The Responses API repeats the whole text twice where it is compared; then its pieces don't add up to it."""
    repeated = {"unreadable": 2 * STREAMS} if surface == "responses" and found else {}
    assert faults(upstream, f"{relays}/{relay}/v1", workload_name("stream", surface)) == found | repeated


@pytest.mark.parametrize("surface", SURFACES)
def test_agents_are_answered_on_every_surface(upstream, surface):
    assert faults(upstream, f"{upstream.url}/v1", workload_name("agent-10k", surface)) == {}
