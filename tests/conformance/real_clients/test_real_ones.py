"""Claude Code and Codex themselves, through the reference proxy and straight on the upstream."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hopcheck.real_clients.catalogue import CLIENTS
from hopcheck.real_clients.scenarios import SCENARIOS
from hopcheck_server.chain.processes import free_port

pytestmark = [pytest.mark.real_clients, pytest.mark.timeout(900)]
KEY = "sk-9d2f7c06e1b85a43"


@pytest.mark.parametrize("client", CLIENTS)
def test_its_user_sees_what_happened(client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, report = free_port(), tmp_path / "clients.json"
    monkeypatch.setenv("HOPCHECK_KEY_OF_TEST", KEY)
    settings = {
        "LLM_MODE": "litellm",
        "BACKEND": "openai",
        "LITELLM_PROXY_URL": f"http://127.0.0.1:{port}",
        "INTERNAL_API_KEY": KEY,
        "CHECK_MODELS": "false",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"LLM_PROXY__{name}", value)
    serve = [sys.executable, "-m", "hopcheck_server.proxy", "--port", "0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        url = proxy.stdout.readline().strip()
        words = ["--api-key-env", "HOPCHECK_KEY_OF_TEST", "--upstream-port", str(port), "--client", client]
        command = [sys.executable, "-m", "hopcheck", "clients", f"{url}/v1", *words, "--install", "--json", str(report)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=800, check=False)
        proxy.terminate()
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(report.read_text())["results"]
    assert [result["scenario"] for result in results] == [scenario.name for scenario in SCENARIOS]
    assert {host for result in results for host in result["hosts"]} <= ELSEWHERE


ELSEWHERE = {"api.github.com:443", "github.com:443", "chatgpt.com:443"}
"""What Codex tries to reach all the same; the proxy of its environment refuses."""
