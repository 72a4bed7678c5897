"""The self-test of the whole catalogue: every mutant on its own cases, every honest relay on all."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.timeout(330)  # a busy machine may take its time
def test_every_mutant_is_killed_and_no_honest_relay_fails() -> None:
    command = [sys.executable, "-m", "hopcheck", "selftest", "--diagonal"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 survived, 0 unexpected, 0 false positives, 0 checks that kill no mutant" in " ".join(done.stdout.split())
