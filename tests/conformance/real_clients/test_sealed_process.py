"""A client's process sees nothing of this one, and ends in time."""

from __future__ import annotations

import asyncio
import sys

import pytest

from hopcheck.real_clients.sealed_process import ProcessEnd, empty_home, run_sealed


def run(code: str, limit_s: float = 20.0, **variables: str) -> ProcessEnd:
    async def sealed() -> ProcessEnd:
        async with empty_home() as home:
            return await run_sealed([sys.executable, "-c", code], home, variables, limit_s)

    return asyncio.run(sealed())


def test_its_environment_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    end = run("import os; print(sorted(os.environ), os.environ['HOME'], os.getcwd())", OWN="x")
    assert end.exit_code == 0
    assert "OPENAI_API_KEY" not in end.stdout
    assert "'OWN'" in end.stdout
    assert "hopcheck-client-" in end.stdout


def test_other_hosts_are_out_of_reach_and_named() -> None:
    code = """
import urllib.request
for url in ("https://api.example.com/x", "http://stats.example.com/y", "https://api.example.com/z"):
    try:
        urllib.request.urlopen(url, timeout=5)
    except OSError:
        print("refused")
"""
    end = run(code)
    assert end.stdout.split() == ["refused"] * 3
    assert end.hosts == ["api.example.com:443", "stats.example.com"]


def test_one_that_hangs_is_ended_with_what_it_started() -> None:
    code = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
    end = run(code, limit_s=1.5)
    assert end.exit_code is None
    assert end.duration_s < 30
    assert end.stdout.strip().isdecimal()


def test_its_exit_code_and_both_outputs() -> None:
    end = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (end.exit_code, end.stdout, end.stderr, list(end.hosts)) == (3, "out\n", "err\n", [])
