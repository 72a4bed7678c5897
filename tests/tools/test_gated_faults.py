"""Relays with many faults each."""

import re

import pytest

from hopcheck.authoring.findings import Finding
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck_server.relay import Relay
from tools.gated_faults.__main__ import RELAYS
from tools.gated_faults.fault import Fault, lines_of


@pytest.mark.parametrize("name", RELAYS)
def test_a_relay_has_all_its_faults(name):
    faults = RELAYS[name]
    assert len(faults) >= 8
    assert all(issubclass(faults.relay(), one.relay) for one in faults)


def test_lines_of_verdicts():
    failed = Verdict("a.b", Outcome.ADVISORY, findings=(Finding("x", False, 1, 2), Finding("y", True, 1, 1)))
    held = Verdict("a.c", Outcome.CONFORMS, occurrences=(Occurrence("http", "twice", "", None, "embeddings"),))
    assert lines_of([failed, held]) == ["a.b[chat]: x", "http[embeddings]: twice"]


def test_a_fault_is_named_by_its_own_lines():
    fault = Fault(Relay, re.compile(r"^a\.b"))
    assert fault.named_in(["a.c[chat]: x", "a.b[chat]: x"]) == "a.b[chat]: x"
    assert fault.named_in(["a.c[chat]: a.b"]) == ""
