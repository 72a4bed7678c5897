"""Who goes first: as asked, and back; and the message where it isn't allowed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hopcheck_load.measurement import priority
from hopcheck_server.exits import USAGE, Stop

ASK = "import os; print(os.sched_getscheduler(0))"


def policy_of_a_child() -> int:
    return int(subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True).stdout)


@pytest.fixture
def allowed(monkeypatch):
    """A system that allows it, whatever this one does: it returns what was set."""
    policy = [(os.SCHED_OTHER, 0)]
    monkeypatch.setattr(os, "sched_getscheduler", lambda pid: policy[-1][0])
    monkeypatch.setattr(os, "sched_getparam", lambda pid: os.sched_param(policy[-1][1]))
    monkeypatch.setattr(os, "sched_setscheduler", lambda pid, to, how: policy.append((to, how.sched_priority)))
    return policy


def test_it_goes_first_while_it_lasts(allowed):
    with priority.real_time(True):
        assert allowed[-1] == (os.SCHED_RR, 1)
    assert allowed[-1] == (os.SCHED_OTHER, 0)
    assert priority.is_permitted()


def test_not_asked_for_nothing_changes(allowed):
    with priority.real_time(False):
        assert len(allowed) == 1


def test_children_go_first_too_where_it_is_allowed():
    ordinary = policy_of_a_child()
    if priority.is_permitted():
        with priority.real_time(True):
            assert policy_of_a_child() == os.SCHED_RR
    else:
        with pytest.raises(Stop), priority.real_time(True):
            pass
    assert policy_of_a_child() == ordinary


def test_where_it_is_not_allowed_it_says_who_may(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with pytest.raises(Stop, match="--real-time isn't allowed here: root may") as stopped, priority.real_time(True):
        pass
    assert stopped.value.code == USAGE
    assert not priority.is_permitted()


def test_where_there_is_no_such_thing(monkeypatch):
    monkeypatch.delattr(os, "sched_setscheduler")
    with pytest.raises(Stop, match="works on Linux only"), priority.real_time(True):
        pass
