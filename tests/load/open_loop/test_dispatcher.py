"""The open loop, with a clock that the test turns."""

from __future__ import annotations

import pytest

from hopcheck_load.measurement.schedule import PlannedArrival
from hopcheck_load.open_loop.dispatcher import Dispatcher
from hopcheck_load.report import document as report

MS = 1_000_000

pytestmark = pytest.mark.usefixtures("few_draws")


class World:
    """A clock that moves only by waiting, and wakes up late where the test says so."""

    def __init__(self, oversleeps=()):
        self.now = 0
        self.oversleeps = dict(oversleeps)
        self.started, self.refused = [], []

    def wait_until(self, at_ns):
        self.now = max(self.now, at_ns) + self.oversleeps.pop(at_ns, 0)

    def dispatcher(self, **more):
        return Dispatcher(
            lambda: self.now,
            self.wait_until,
            lambda arrival, due_ns: self.started.append((arrival.number, due_ns, self.now)),
            lambda arrival, due_ns: self.refused.append((arrival.number, due_ns)),
            **more,
        )


def every_10ms(count):
    return [PlannedArrival(0.01 * number, 0, 0, number) for number in range(count)]


def test_requests_go_when_they_are_due():
    world = World()
    world.dispatcher().run(every_10ms(5), begin_ns=1_000)
    assert world.started == [(number, 1_000 + 10 * MS * number, 1_000 + 10 * MS * number) for number in range(5)]


def test_latency_counts_from_due_if_the_generator_is_late():
    world = World(oversleeps={20 * MS: 25 * MS})
    world.dispatcher().run(every_10ms(7), begin_ns=0)
    assert [due for _, due, _ in world.started] == [10 * MS * number for number in range(7)]
    assert [(went - due) // MS for _, due, went in world.started] == [0, 0, 25, 15, 5, 0, 0]


def test_started_requests_run_while_others_are_overdue():
    world, turns = World(oversleeps={0: 500 * MS}), []
    dispatcher = world.dispatcher()
    wait = dispatcher.wait_until
    dispatcher.wait_until = lambda at_ns: (turns.append(len(world.started)), wait(at_ns))[1]
    world.now = 500 * MS
    dispatcher.run(every_10ms(40), begin_ns=0)
    assert len(world.started) == 40
    assert len(turns) >= 4


def test_a_bound_on_what_is_unanswered():
    world = World()
    world.dispatcher(max_in_flight=3).run(every_10ms(5), begin_ns=0)
    assert [number for number, _, _ in world.started] == [0, 1, 2]
    assert world.refused == [(3, 30 * MS), (4, 40 * MS)]


def test_a_late_generator_makes_a_point_invalid(made):
    document = report.build(made.loaded(late_ms=lambda number: 30.0 if number % 20 == 0 else 0.05))
    (row,) = document["workloads"]
    assert "the generator was late by 30.00 ms" in row["load"]["invalid"]["generator"]
    assert row["measures"][0]["arms"]["hop"]["p90"] < 2.0
    latest = max(one["p90"] for one in document["load"]["course"]["hop"])
    assert latest < 35.0


def test_a_punctual_generator_makes_none(made):
    (row,) = report.build(made.loaded())["workloads"]
    assert row["load"]["invalid"] == {}
