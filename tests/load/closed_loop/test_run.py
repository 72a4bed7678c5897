"""The whole bench, with few rounds, on real sockets: upstream, relays that are late, client."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import pytest

from hopcheck_load.closed_loop.rounds import RoundBudget, Rounds
from hopcheck_load.closed_loop.run import measure
from hopcheck_load.measurement.arm_connections import ArmConnections
from hopcheck_load.measurement.plan import MeasurementPlan
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import REST_WORKLOADS, WORKLOADS, Timing, workload_name
from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.report import fidelity
from hopcheck_server.exits import Stop
from hopcheck_server.relay import RelayConfig
from hopcheck_server.upstream.script.marker import Marker
from tools import calibrate
from tools.calibrate import rows

KEY = RelayConfig(upstream="").client_keys[0]

pytestmark = [pytest.mark.commands, pytest.mark.usefixtures("few_draws", "short_preparation")]


@pytest.fixture(scope="module")
def upstream():
    with UpstreamProcess() as running:
        yield running


@pytest.fixture(scope="module")
def relays(upstream):
    with calibrate.relays(upstream.url) as url:
        yield lambda *names: [Arm(name, "hop", f"{url}/{name}/v1", "fake-model", KEY) for name in names]


def plan(hops, *workloads, rounds=4, **more):
    return MeasurementPlan(hops=hops, workloads=[WORKLOADS[name] for name in workloads], rounds=rounds, **more)


def silent(doing):
    pass


def test_every_arm_once_a_round(upstream, relays):
    measured = measure(plan(relays("base", "late-5ms"), "chat", rounds=6), upstream, silent).measurement
    kept = [record for record in measured.records if not record.warmup]
    rounds = [[record.arm for record in kept if record.round == number] for number in range(6)]
    assert all(sorted(arms) == ["base", "control", "direct", "late-5ms"] for arms in rounds)
    assert len({tuple(arms) for arms in rounds}) > 1
    assert len({record.marker for record in measured.records}) == len(measured.records)
    assert [record.failure for record in measured.records if record.failure] == []
    assert all(record.upstream.attempts == 1 for record in measured.records)
    assert sum(record.fresh for record in kept) == 0


def test_what_is_late_is_late(upstream, relays):
    measured = measure(plan(relays("late-5ms"), "chat"), upstream, silent).measurement
    late = [record for record in measured.records if record.arm == "late-5ms"]
    assert all(record.done_ns - record.sent_ns > 5_000_000 for record in late)
    assert all(record.upstream.received_ns - record.sent_ns > 5_000_000 for record in late)
    assert all(record.self_ms >= 5.0 for record in late)
    document = report.build(measured)
    assert report.violations(document) == []
    assert document["workloads"][0]["legs"]["late-5ms"]["request"] > 5.0


def test_streams(upstream, relays):
    plans = plan(relays("events-on-time", "late-first", "late-events", "in-pairs"), "stream", "paced", rounds=2)
    measured = measure(plans, upstream, silent).measurement
    document = report.build(measured)
    paced = document["workloads"][1]
    assert all(one["lost"] == one["out_of_order"] == one["unreadable"] == 0 for one in paced["delivery"].values())
    assert paced["delivery"]["in-pairs"]["share_together"] == 1.0
    lags = [
        read - stamp
        for record in measured.records
        if record.arm == "late-events" and record.timeline
        for read, stamp in zip(record.timeline.read_ns, record.timeline.stamp_ns, strict=True)
    ]
    assert min(lags) > 500_000
    assert [one["name"] for one in paced["measures"]] == ["ttft", "itl", "latency", "lag"]
    assert len(list(rows.stream_rows(measured))) == 4


def test_sessions_of_agents_on_every_surface(upstream, relays):
    names = [workload_name("agent", surface) for surface in SURFACES]
    asked = MeasurementPlan(hops=relays("base"), workloads=[REST_WORKLOADS[name] for name in names], rounds=3)
    measured = measure(asked, upstream, silent).measurement
    assert [record.failure for record in measured.records if record.failure] == []
    document = report.build(measured)
    assert [row["name"] for row in document["workloads"]] == names
    assert fidelity.findings(document) == []
    assert report.violations(document) == []


def test_a_surface_that_a_hop_lacks_is_named(upstream, relays):
    (hop,) = relays("base")
    nowhere = replace(hop, url=hop.url.replace("/base/v1", "/nowhere/v1"))
    asked = MeasurementPlan(hops=[nowhere], workloads=[REST_WORKLOADS["messages"]], rounds=3)
    with pytest.raises(Stop, match=r"status 404.*Does it serve /messages\?"):
        measure(asked, upstream, silent)


def test_pauses(upstream, relays):
    workload = replace(WORKLOADS["chat"], rounds=2, delay_s=0.002)
    asked = MeasurementPlan(hops=relays("base"), workloads=[workload], pause_s=0.003)
    measured = measure(asked, upstream, silent).measurement
    times = sorted((record.sent_ns, record.done_ns) for record in measured.records)
    assert all(later[0] - earlier[1] >= 3_000_000 for earlier, later in pairwise(times))
    assert all(one.upstream.last_ns - one.upstream.received_ns >= 2_000_000 for one in measured.records)


def test_delays_of_the_upstream_are_the_same_in_a_round(upstream, relays):
    measured = measure(plan(relays("base"), "chat", delay_s=0.002), upstream, silent).measurement
    scripts = {}
    for record in measured.records:
        scripts.setdefault((record.warmup, record.round), set()).add(Marker.parse(record.marker).script)
    assert all(len(names) == 1 for names in scripts.values())
    assert len(set.union(*scripts.values())) > 1


def test_large_prompts_do_not_pile_up(upstream, relays):
    measured = measure(plan(relays("base"), "10k", rounds=3), upstream, silent).measurement
    assert all(record.upstream is not None and not record.failure for record in measured.records)
    assert upstream.take(["load.10k~00"]) == []


def test_a_hop_that_refuses(upstream, relays):
    (hop,) = relays("base")
    with pytest.raises(Stop, match=r"base .* can't be measured: status 401") as stopped:
        measure(plan([replace(hop, key="wrong")], "chat"), upstream, silent)
    assert stopped.value.code == 3


def test_a_hop_whose_url_has_no_v1(upstream, relays):
    (hop,) = relays("base")
    with pytest.raises(Stop, match=r"status 404.*Should its URL end in /v1\?"):
        measure(plan([replace(hop, url=hop.url.removesuffix("/v1"))], "chat"), upstream, silent)


def test_a_hop_that_leads_elsewhere(upstream, relays):
    with UpstreamProcess() as other, pytest.raises(Stop, match="not from the upstream") as stopped:
        measure(plan(relays("base"), "chat"), other, silent)
    assert stopped.value.code == 3


def test_a_hop_that_stops_asking_the_upstream(upstream, relays, monkeypatch):
    (hop,) = relays("base")
    monkeypatch.setattr(upstream, "take", lambda names: [])
    connections = ArmConnections([hop], upstream, Timing(0, 1), "abcd")
    with (
        closing(connections),
        pytest.raises(Stop, match=r"base answered \d+ of \d+ exchanges without asking the upstream") as stopped,
    ):
        Rounds(connections, 1).measure(WORKLOADS["chat"], RoundBudget(2, math.inf))
    assert stopped.value.code == 3


def test_time_that_is_up_ends_it(upstream, relays):
    measured = measure(replace(plan(relays("base"), "chat"), rounds=None, duration_s=0.01), upstream, silent)
    assert len([one for one in measured.measurement.records if not one.warmup and one.arm == "base"]) == 10


def test_an_interruption_keeps_what_was_measured(upstream, relays):
    def interrupt(doing):
        if doing.startswith("stream"):
            raise KeyboardInterrupt

    outcome = measure(plan(relays("base"), "chat", "stream"), upstream, interrupt)
    assert outcome.interrupted
    assert outcome.measurement.header.partial == "interrupted"
    document = report.build(outcome.measurement)
    assert [one["name"] for one in document["workloads"]] == ["chat"]
    assert gate.judge(document, gate.parse("ttft_p50=1s"))[0]["outcome"] == "not measured"


def test_a_busy_machine_can_be_refused(upstream, relays, monkeypatch):
    monkeypatch.setattr("hopcheck_load.measurement.machine.BUSY_SHARE", -1.0)
    with pytest.raises(Stop, match="the machine is busy") as stopped:
        measure(plan(relays("base"), "chat", refuse_busy=True), upstream, silent)
    assert stopped.value.code == 3
