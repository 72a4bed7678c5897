"""A master and three workers, as on many machines: together they are one run."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
from contextlib import ExitStack
from importlib.resources import files
from itertools import pairwise

import pytest

from hopcheck_load.measurement.profiles import LOAD_PROFILES, StageRequest, stages_of
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.schedule import arrivals
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.open_loop import spool
from hopcheck_load.stats.histograms import Histograms
from tools import calibrate

pytestmark = pytest.mark.locust

WORKERS = 3
RATE = 60.0
DURATION_S = 4.0
READ_TIMEOUT_S = 90.0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def command(*words):
    locustfile = str(files("hopcheck_load").joinpath("locustfile.py"))
    return [sys.executable, "-m", "locust", "-f", locustfile, *map(str, words)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The records and histograms of a run of a master and three workers, as processes."""
    where, port = tmp_path_factory.mktemp("workers"), free_port()
    environment = {**os.environ, "HOPCHECK_KEY": "hopcheck-client-key"}
    with UpstreamProcess() as provider, calibrate.relays(provider.url) as url, ExitStack() as running:
        options = {
            "target": f"{url}/base/v1",
            "upstream": provider.url,
            "rate": RATE,
            "duration": DURATION_S,
            "raw": where,
            "hdr": where / "hdr.json",
        }
        words = [word for name, value in options.items() for word in (f"--hopcheck-{name}", value)]
        as_master = ("--master", "--master-bind-port", port, "--headless", "--expect-workers", WORKERS)
        as_worker = ("--worker", "--master-port", port)
        started = [
            running.enter_context(
                subprocess.Popen(one, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            )
            for one in (command(*as_master, *words), *[command(*as_worker)] * WORKERS)
        ]
        try:
            output = started[0].communicate(timeout=READ_TIMEOUT_S)[0].decode()
            assert started[0].returncode == 0, output
            for worker in started[1:]:
                worker.communicate(timeout=READ_TIMEOUT_S)
        finally:
            for one in started:
                one.kill()
    return where


def planned(workers):
    """How many requests each arm gets, by the schedule of that many workers."""
    kinds = {"direct": "direct", "control": "control", "target": "hop"}
    arms = [Arm(name, kind, "", "") for name, kind in kinds.items()]
    stages = stages_of(LOAD_PROFILES["steady"], StageRequest(RATE, DURATION_S))
    counts = dict.fromkeys((arm.name for arm in arms), 0)
    for worker in range(workers):
        for one in arrivals(stages, arms, "poisson", 1, worker, workers):
            counts[arms[one.arm].name] += 1
    return counts


def test_all_workers_take_part(folder):
    found = spool.read(folder)
    assert {record.place for record in found} == set(range(WORKERS))
    assert all(record.failure == "" for record in found)


def test_every_planned_request_is_sent_once(folder):
    found = spool.read(folder)
    counts = {arm: sum(record.arm == arm for record in found) for arm in ("direct", "control", "target")}
    assert counts == planned(WORKERS)
    assert len({record.marker for record in found}) == len(found)


def test_the_rate_is_that_of_one_process(folder):
    """Poisson arrivals of three processes are those of one: as many, up to chance (six standard deviations)."""
    sent = sum(record.arm == "target" for record in spool.read(folder))
    expected = planned(1)["target"]
    assert abs(sent - expected) < 6 * (2 * RATE * DURATION_S) ** 0.5


def test_arrivals_are_merged_as_one_process(folder):
    """The distances between the arrivals of all workers are exponential: their deviation is their mean."""
    due = [record.due_ns for record in spool.read(folder) if record.arm == "target"]
    distances = [later - earlier for earlier, later in pairwise(due)]
    mean = sum(distances) / len(distances)
    assert 0.7 < statistics.stdev(distances) / mean < 1.4


def test_merged_histograms_are_those_of_all_records(folder):
    kept, exact = Histograms(), Histograms()
    kept.add(json.loads((folder / "hdr.json").read_text()))
    measured = [record for record in spool.read(folder) if not record.warmup]
    exact.record("target", [one.done_ns - one.due_ns for one in measured if one.arm == "target"])
    assert kept.count("POST chat via target") == exact.count("target")
    assert [kept.quantile_ms("POST chat via target", one) for one in (0.5, 0.9, 1.0)] == [
        exact.quantile_ms("target", one) for one in (0.5, 0.9, 1.0)
    ]
