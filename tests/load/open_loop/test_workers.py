"""The compose file's upstream, master and workers, run here as processes: together they are one run."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import statistics
import subprocess
import sys
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from hopcheck_load.measurement.profiles import LOAD_PROFILES, StageRequest, stages_of
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.schedule import arrivals
from hopcheck_load.open_loop import spool
from hopcheck_load.stats.histograms import Histograms
from tools import calibrate

pytestmark = pytest.mark.locust

WORKERS = 3
RATE = 60.0
DURATION_S = 4.0
READ_TIMEOUT_S = 90.0

SERVICES = yaml.safe_load((Path(__file__).parents[3] / "examples" / "load" / "docker-compose.yml").read_text())[
    "services"
]
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def environment_of(service, given):
    """A service's environment, as compose makes it of these variables; its programs are those of this installation."""

    def value(text):
        return _VARIABLE.sub(lambda found: str(given.get(found[1], found[2])), text)

    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {name: value(text) for name, text in SERVICES[service]["environment"].items()}
    return {
        **{name: text for name, text in os.environ.items() if not name.startswith("HOPCHECK_")},
        **own,
        "PATH": path,
    }


def started(service, given, *more):
    """A service's process, with further options."""
    *shell, command = SERVICES[service]["command"]
    words = [*shell, f"{command} {shlex.join(map(str, more))}".replace("$$", "$")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(words, env=environment_of(service, given), **pipes)


def started_upstream(given):
    """The upstream's process, which only this machine reaches, and its address."""
    own = {"0.0.0.0": "127.0.0.1", "9100": "0", "python": sys.executable}
    words = [own.get(word, word) for word in SERVICES["upstream"]["command"]]
    process = subprocess.Popen(words, env=environment_of("upstream", given), stdout=subprocess.PIPE)
    return process, re.search(rb"http://\S+", process.stdout.readline())[0].decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The records and histograms of a run of a master, and of workers that one command starts."""
    where, port = tmp_path_factory.mktemp("workers"), free_port()
    given = {"HOPCHECK_CONTROL_TOKEN": "a-token-for-the-control", "LOCUST_MASTER": "127.0.0.1"}
    with ExitStack() as running:
        upstream, url = started_upstream(given)
        running.enter_context(upstream)
        running.callback(upstream.kill)
        given |= {"HOPCHECK_UPSTREAM": url, "HOPCHECK_RATE": RATE, "HOPCHECK_DURATION": DURATION_S}
        relays = running.enter_context(calibrate.relays(url))
        given |= {"HOPCHECK_TARGET": f"{relays}/base/v1", "HOPCHECK_KEY": "hopcheck-client-key"}
        ends = ("--hopcheck-raw", where, "--hopcheck-hdr", where / "hdr.json")
        as_master = ("--master-bind-port", port, "--headless", "--expect-workers", WORKERS, *ends)
        master = running.enter_context(started("master", given, *as_master))
        workers = running.enter_context(started("worker", given, "--master-port", port, "--processes", WORKERS))
        try:
            output = master.communicate(timeout=READ_TIMEOUT_S)[0].decode()
            assert master.returncode == 0, output
            assert workers.wait(READ_TIMEOUT_S) == 0, workers.stdout.read().decode()
        finally:
            master.kill()
            workers.terminate()
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
