"""The requester, its plan, options and watched processes, without Locust but with a real upstream."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket

import pytest

from hopcheck_load.measurement import usage
from hopcheck_load.measurement.load_plan import LoadPlan, read, write
from hopcheck_load.measurement.profiles import Stage
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.schedule import PlannedArrival
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.open_loop import options
from hopcheck_load.open_loop.requester import NOT_SENT, Requester
from hopcheck_load.open_loop.upstream_times import UpstreamTimes
from hopcheck_server.exits import Stop
from hopcheck_server.upstream.control.client import RemoteControl


@pytest.fixture(scope="module")
def upstream():
    with UpstreamProcess() as running:
        yield running


def plan_for(url, *stages):
    arms = [Arm("direct", "direct", url, "m", "key-one"), Arm("hop", "hop", url, "m", "key-two")]
    planned = stages or (Stage("chat", "chat", 10.0, 0.0, 1.0), Stage("stream", "stream", 10.0, 0.0, 1.0))
    return LoadPlan(
        arms=arms, profile="steady", stages=planned, arrivals="poisson", rate=10.0, seed=1, prefix="00000abc"
    )


def records_of(plan, *arrivals, worker=3):
    """Records of some arrivals, each due at its number in nanoseconds."""
    records = []
    requester = Requester(plan, worker, records.append)
    for number, (stage, arm) in enumerate(arrivals, 1):
        requester.request(PlannedArrival(0.0, stage, arm, number), number)
    requester.close()
    return records


def test_exchanges_and_their_times_at_the_upstream(upstream):
    plan = plan_for(f"{upstream.url}/v1")
    upstream.load(plan.scripts())
    records = records_of(plan, (0, 0), (0, 0), (1, 1))
    assert [record.failure for record in records] == ["", "", ""]
    assert [record.fresh for record in records] == [True, False, True]
    assert [(record.arm, record.place, record.due_ns) for record in records] == [
        ("direct", 3, 1),
        ("direct", 3, 2),
        ("hop", 3, 3),
    ]
    assert len({record.marker for record in records}) == 3
    assert all(record.dispatched_ns <= record.sent_ns <= record.done_ns for record in records)
    assert records[2].timeline.sequence == list(range(50))

    async def fetch():
        control = RemoteControl(upstream.url)
        journal = UpstreamTimes(control, plan)
        await journal.fetch_if_due(0.5)
        await journal.fetch_if_due(99.0)
        await control.aclose()
        return journal

    asyncio.run(fetch()).join(records)
    assert all(record.sent_ns < record.upstream.received_ns < record.done_ns for record in records)


def test_faults_are_only_for_the_hop(upstream):
    plan = plan_for(f"{upstream.url}/v1", Stage("chat.429", "chat", 10.0, 0.0, 1.0, "429"))
    upstream.load(plan.scripts())
    direct, hop = records_of(plan, (0, 0), (0, 1))
    assert direct.status == 200
    assert hop.status == 429
    assert hop.failure.startswith("status 429")


def test_a_fallback_asks_for_its_own_model(upstream):
    plan = plan_for(f"{upstream.url}/v1", Stage("chat.fallback", "chat", 10.0, 0.0, 1.0, "fallback"))
    stage, (direct, hop) = plan.stages[0], plan.arms
    with_model = LoadPlan(**{**vars(plan), "fallback_model": "fragile"})
    assert [with_model.model(stage, arm) for arm in (direct, hop)] == ["m", "fragile"]


def test_a_request_that_cannot_be_sent_has_a_record():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    plan = plan_for(f"http://127.0.0.1:{port}/v1")
    (refused,) = records_of(plan, (0, 1))
    assert "no connection to" in refused.failure
    records = []
    Requester(plan, 0, records.append).refuse(PlannedArrival(0.0, 0, 1, 0), 7)
    assert (records[0].failure, records[0].due_ns, records[0].dispatched_ns) == (NOT_SENT, 7, 0)


def test_a_plan_is_written_for_its_owner_alone(tmp_path):
    plan, path = plan_for("http://127.0.0.1:1/v1"), tmp_path / "plan.json"
    write(plan, path)
    assert path.stat().st_mode & 0o077 == 0
    assert read(path).arms[1].key == "key-two"
    assert read(path).document() == {**plan.document(), "stages": [*plan.document()["stages"]]}


def locust_options(**given):
    defaults = {name.replace("-", "_"): more.get("default") for name, more in options._OPTIONS}
    return argparse.Namespace(**{f"hopcheck_{name}": value for name, value in {**defaults, **given}.items()})


def test_options_of_a_locust_run_of_its_own():
    words = locust_options(target="http://a/v1/", key="k", upstream="http://b/v1", rate=40.0, profile="steps")
    options.add_shared_values(words, 2, 0.0)
    plan = options.plan_of(words)
    assert [(arm.name, arm.kind, arm.url, arm.key) for arm in plan.arms] == [
        ("direct", "direct", "http://b/v1", "hopcheck-direct"),
        ("control", "control", "http://b/v1", "hopcheck-direct"),
        ("target", "hop", "http://a/v1", "k"),
    ]
    assert max(stage.rate for stage in plan.stages) == 40.0
    assert words.hopcheck_workers == 2


def test_locusts_host_is_a_target():
    words = locust_options(upstream="http://b")
    options.add_shared_values(words, 1, 0.0)
    assert [arm.url for arm in options.plan_of(words, "http://a/v1").arms][-1] == "http://a/v1"
    assert [arm.name for arm in options.plan_of(words).arms] == ["direct"]


def test_options_without_target_and_upstream():
    words = locust_options()
    options.add_shared_values(words, 1, 0.0)
    with pytest.raises(ValueError, match="--hopcheck-target"):
        options.plan_of(words)


def test_processes_are_found_by_their_port_and_by_their_id(upstream):
    arms = plan_for("http://192.0.2.1:9/v1").arms
    watch = usage.ProcessWatch([f"me={os.getpid()}"], arms, upstream.url)
    watch.sample()
    by_name = {one["name"]: one for one in watch.document()}
    assert set(by_name) == {"me", "upstream"}
    (first, second) = (usage.UsageSample(*sample) for sample in by_name["me"]["samples"])
    spans = {"chat": (first.at_ns, second.at_ns)}
    found = usage.summary(by_name["me"], spans, {"chat": {"direct": 4, "hop": 2}})
    assert found["rss_idle_mb"] > 1
    assert found["cpu"]["chat"]["exchanges"] == 2
    assert usage.summary(by_name["upstream"], {}, {})["cpu"] == {}


def test_processor_time_is_shared_out_among_exchanges():
    samples = [[0, 1.0, 50_000_000], [1_000, 2.0, 80_000_000], [2_000, 2.0, 60_000_000]]
    process = {"name": "hop", "pid": 7, "samples": samples}
    found = usage.summary(
        process, {"a": (0, 500), "b": (500, 2_000)}, {"a": {"hop": 100, "direct": 9}, "b": {"hop": 0}}
    )
    assert found["cpu"]["a"] == {"seconds": 0.5, "exchanges": 100, "ms_each": 5.0}
    assert found["cpu"]["b"]["ms_each"] is None
    assert [found[f"rss_{when}_mb"] for when in ("idle", "load", "after")] == [50.0, 80.0, 60.0]


@pytest.mark.parametrize("text", ["4711", "me=", "me=x", "me=99999999"])
def test_processes_that_are_none(text):
    with pytest.raises(Stop, match="process") as stopped:
        usage.ProcessWatch([text], [], "http://127.0.0.1:1")
    assert stopped.value.code == 2
