"""The suite against itself: every mutant on its own cases, every honest variant on all."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.timeout(330)  # a busy machine may take its time
def test_every_finding_is_broken_and_no_honest_difference_is_minded() -> None:
    command = [sys.executable, "-m", "hopcheck", "selftest", "--diagonal"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert " 0 missed, 0 unexpected, 0 red on honest relays, 0 findings that nothing breaks" in told
