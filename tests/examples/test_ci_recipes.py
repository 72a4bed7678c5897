"""The shell steps of the CI recipes, run as a CI system would run them, with the healthy relay as somebody's proxy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hopcheck_server.chain.processes import free_port

from .conftest import READ_TIMEOUT_S

pytestmark = [pytest.mark.whole_gate, pytest.mark.timeout(300)]
CI = Path(__file__).parents[2] / "examples" / "ci"


def github_steps() -> tuple[dict[str, str], list[str]]:
    job = yaml.safe_load((CI / "github.yml").read_text())["jobs"]["contract"]
    return {"PROXY_URL": job["env"]["PROXY_URL"]}, [step["run"] for step in job["steps"] if "run" in step]


def gitlab_steps() -> tuple[dict[str, str], list[str]]:
    job = yaml.safe_load((CI / "gitlab.yml").read_text())["contract"]
    return job["variables"], [*job["before_script"], *job["script"]]


@pytest.fixture
def ports() -> dict[str, str]:
    return {"4000": str(free_port()), "9100": str(free_port())}


@pytest.fixture
def workspace(tmp_path: Path, ports: dict[str, str]) -> Path:
    """A checkout with a proxy of its own, and a `pip` that finds everything installed already."""
    tools = tmp_path / "bin"
    tools.mkdir()
    write_script(tools / "pip", '[ "$1 $2" = "install hopcheck" ]')
    write_script(tools / "hopcheck", f'exec "{sys.executable}" -m hopcheck "$@" --profile tools')
    relay = f"-m hopcheck_server.relay --upstream http://127.0.0.1:{ports['9100']}/v1 --port {ports['4000']}"
    write_script(tmp_path / "start-my-proxy", f'"{sys.executable}" {relay} & echo $! > proxy.pid; wait')
    return tmp_path


def write_script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(script: str, workspace: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], cwd=workspace, env=env, capture_output=True, text=True, timeout=READ_TIMEOUT_S
    )


@pytest.mark.parametrize("recipe", [github_steps, gitlab_steps])
def test_the_steps_run_and_leave_a_report(recipe, workspace: Path, ports: dict[str, str]) -> None:
    variables, steps = recipe()
    script = "\n".join(["set -e", *steps, "kill $(cat proxy.pid)"])
    for written, free in ports.items():
        script = script.replace(written, free)
        variables = {name: value.replace(written, free) for name, value in variables.items()}
    env = {
        **os.environ,
        **variables,
        "PROXY_KEY": "hopcheck-client-key",
        "PATH": f"{workspace / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(workspace / "summary.md"),
    }
    done = run(script, workspace, env)
    assert done.returncode == 0, done.stderr
    assert "<html" in (workspace / "report.html").read_text()


def test_a_broken_proxy_fails_the_step(workspace: Path, ports: dict[str, str]) -> None:
    _, steps = github_steps()
    script = "\n".join(["set -e", *(step for step in steps if "start-my-proxy" not in step)])
    script = script.replace("--wait 60", "--wait 0").replace("9100", ports["9100"])
    env = {**os.environ, "PROXY_URL": f"http://127.0.0.1:{ports['4000']}/v1", "PROXY_KEY": "any"}
    env |= {"PATH": f"{workspace / 'bin'}{os.pathsep}{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": os.devnull}
    done = run(script, workspace, env)
    assert done.returncode == 3
    assert "Nothing answers" in done.stderr
