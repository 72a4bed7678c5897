"""The reference proxy, straight on a provider: every case that applies conforms, without a baseline."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.every_model, pytest.mark.whole_gate, pytest.mark.timeout(300)]
KEY = "sk-9d2f7c06e1b85a43"


def test_every_case_that_applies_conforms(start, gate, tmp_path, upstream_port: int) -> None:
    settings = {
        "LLM_MODE": "litellm",
        "BACKEND": "openai",
        "LITELLM_PROXY_URL": f"http://127.0.0.1:{upstream_port}",
        "LITELLM_API_KEY": "sk-58b3e0d7f19c2a64",
        "INTERNAL_API_KEY": KEY,
        "DEFAULT_MODEL": "fake-model",
    }
    url = start("-m", "hopcheck_server.proxy", "--port", "0", env={f"LLM_PROXY__{k}": v for k, v in settings.items()})
    declares = [
        "default_model = 'fake-model'",
        "embeddings = true",
        "traceparent = true",
        "llm_proxy = true",
        "messages = true",
        "responses = true",
    ]
    (tmp_path / "hopcheck.toml").write_text("\n".join(["[declares]", *declares, "reasoning = true"]))
    code, report = gate(url, KEY, upstream_port)
    fell_short = {case["id"]: case["outcome"] for case in report["cases"] if case["outcome"] in FELL_SHORT}
    assert fell_short == {}
    assert code == 0
    assert report["summary"]["conforms"] > 300

    assert_every_exchange_fits(report)


def assert_every_exchange_fits(report: dict[str, Any]) -> None:
    judged = [case for case in report["cases"] if case["outcome"] != "not-applicable"]
    asked = [case for case in judged if any(one["side"] == "client" for one in case["exchanges"])]
    held = {entry["check"]: sum(entry["judged"].values()) for entry in report["held"]}
    assert len(asked) > 140
    assert report["causes"] == []
    assert held["contract.response"] > len(asked)
    assert held["contract.upstream-request"] > 120
    assert held["contract.event"] > 50


FELL_SHORT = ("advisory", "deviates", "untestable", "broken")
