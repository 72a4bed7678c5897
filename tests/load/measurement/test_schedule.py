"""Timetables and profiles: what is due, before anything is sent."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from hopcheck_load.measurement.profiles import LOAD_PROFILES, STEP_SHARES, Stage, StageRequest, stages_of
from hopcheck_load.measurement.records import Arm
from hopcheck_load.measurement.schedule import DIRECT_SHARE, arrivals, rate_of

HOP = Arm("hop", "hop", "http://hop.invalid/v1", "m")
DIRECT = Arm("direct", "direct", "http://direct.invalid/v1", "m")
CONTROL = Arm("control", "control", "http://direct.invalid/v1", "m")
STAGE = Stage("chat", "chat", 200.0, 2.0, 52.0)


def test_poisson_gaps_are_exponential():
    due = np.array([one.due_s for one in arrivals([STAGE], [HOP], "poisson", 1)])
    gaps = np.diff(due)
    assert len(due) == pytest.approx(10_000, rel=0.04)
    assert np.std(gaps) == pytest.approx(np.mean(gaps), rel=0.05)
    assert due.min() > 2.0
    assert due.max() < 52.0


def test_constant_gaps_are_all_the_same():
    due = [one.due_s for one in arrivals([STAGE], [HOP], "constant", 1)]
    assert {round(later - earlier, 9) for earlier, later in pairwise(due)} == {0.005}
    assert len(due) == 10_000


@pytest.mark.parametrize("kind", ["poisson", "constant"])
def test_workers_share_a_rate(kind):
    parts = [list(arrivals([STAGE], [HOP], kind, 1, worker, 3)) for worker in range(3)]
    due = sorted(one.due_s for part in parts for one in part)
    assert len(due) == pytest.approx(10_000, rel=0.04)
    assert all(len(part) == pytest.approx(len(due) / 3, rel=0.1) for part in parts)
    if kind == "constant":
        assert {round(later - earlier, 9) for earlier, later in pairwise(due)} == {0.005}


def test_arms_are_mixed_in_time_and_the_direct_ones_get_a_part():
    found = list(arrivals([STAGE], [DIRECT, CONTROL, HOP], "poisson", 1))
    assert [one.due_s for one in found] == sorted(one.due_s for one in found)
    counts = Counter(one.arm for one in found)
    assert counts[0] / counts[2] == pytest.approx(DIRECT_SHARE, rel=0.1)
    assert counts[1] / counts[2] == pytest.approx(DIRECT_SHARE, rel=0.1)
    assert all([one.number for one in found if one.arm == arm] == list(range(counts[arm])) for arm in counts)


def test_the_same_seed_draws_the_same():
    first, again, other = (list(arrivals([STAGE], [HOP], "poisson", seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_the_direct_arm_gets_no_more_than_a_hop():
    slow = Stage("chat", "chat", 4.0, 0.0, 1.0)
    assert [rate_of(slow, arm) for arm in (DIRECT, HOP)] == [4.0, 4.0]
    assert rate_of(STAGE, DIRECT, alone=True) == 200.0


@pytest.mark.parametrize("name", list(LOAD_PROFILES))
def test_profiles_fill_their_time_after_warming_up(name):
    stages = stages_of(LOAD_PROFILES[name], StageRequest(100.0, 60.0, fallback=True))
    measured = [stage for stage in stages if not stage.warmup]
    assert [stage for stage in stages if stage.warmup]
    assert min(stage.begin_s for stage in measured) == max(stage.end_s for stage in stages if stage.warmup) == 3.0
    assert max(stage.end_s for stage in measured) == pytest.approx(60.0, abs=1.0)
    assert len({stage.name for stage in stages}) == len(stages)
    assert all(stage.begin_s < stage.end_s for stage in stages)


def test_steps_rise_with_pauses_between():
    stages = [stage for stage in stages_of(LOAD_PROFILES["steps"], StageRequest(100.0, 60.0)) if not stage.warmup]
    assert [stage.rate for stage in stages] == [100.0 * part for part in STEP_SHARES]
    assert all(later.begin_s > earlier.end_s for earlier, later in pairwise(stages))


def test_large_prompts_arrive_together_with_small_ones():
    stages = {stage.name: stage for stage in stages_of(LOAD_PROFILES["head-of-line"], StageRequest(50.0, 60.0))}
    assert stages["100k"].begin_s == stages["chat.with-100k"].begin_s >= stages["chat.alone"].end_s
    assert stages["chat.alone"].rate == stages["chat.with-100k"].rate == 50.0


def test_faults_are_few():
    stages = [
        stage
        for stage in stages_of(LOAD_PROFILES["faults"], StageRequest(100.0, 60.0, fallback=True))
        if not stage.warmup
    ]
    assert {stage.fault for stage in stages} == {"", "429", "500", "fallback"}
    assert sum(stage.rate for stage in stages) == pytest.approx(100.0)
