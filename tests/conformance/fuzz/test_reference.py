"""A short search of the reference proxy finds nothing; `nox -s fuzz` searches for longer."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.whole_gate, pytest.mark.timeout(600)]


def test_nothing_is_found() -> None:
    command = [sys.executable, "-m", "hopcheck.fuzz.reference", "100"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stdout + done.stderr
