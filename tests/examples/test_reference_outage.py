"""The reference proxy behind a switch: the cases that take its backend down conform."""

from __future__ import annotations

import pytest

from hopcheck_server.chain.processes import free_port

pytestmark = [pytest.mark.whole_gate, pytest.mark.timeout(300)]
KEY = "sk-9d2f7c06e1b85a43"
CASES = {f"llm_proxy.outage-{name}" for name in ("direct", "models", "ready", "refused")}


def test_the_cases_about_outages_conform(start, gate, tmp_path, upstream_port: int) -> None:
    upstream = start("-m", "hopcheck_server.upstream", "--port", str(upstream_port), env={})
    control_port = free_port()
    line = ["--to", f"127.0.0.1:{upstream_port}", "--control-port", str(control_port)]
    settings = {
        "LLM_MODE": "litellm",
        "LITELLM_PROXY_URL": start("-m", "hopcheck_server.chain.switch", *line, env={}),
        "LITELLM_API_KEY": "sk-58b3e0d7f19c2a64",
        "INTERNAL_API_KEY": KEY,
        "DIRECT_FALLBACK_URL": upstream,
        "DIRECT_FALLBACK_API_KEY": "sk-direct-test-key-0123456789",
        "DIRECT_FALLBACK_MODELS": "critical-model=provider-s-name",
    }
    url = start("-m", "hopcheck_server.proxy", "--port", "0", env={f"LLM_PROXY__{k}": v for k, v in settings.items()})
    outage = f"outage = 'http://127.0.0.1:{control_port}/_hopcheck/backend'"
    declares = ["[declares]", "llm_proxy = true", outage, "direct_fallback = 'critical-model'"]
    (tmp_path / "hopcheck.toml").write_text("\n".join(declares))
    code, report = gate(url, KEY, upstream_port, "--select", "llm_proxy.outage-*")
    outcomes = {case["id"]: case["outcome"] for case in report["cases"]}
    assert outcomes == dict.fromkeys(CASES, "conforms"), report["cases"]
    assert code == 0
