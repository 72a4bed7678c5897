"""The naive proxy is red on each of its faults, by the case that a reader would expect."""

from __future__ import annotations

import pytest

from hopcheck_server.chain.processes import free_port

from .conftest import ROOT

pytestmark = [pytest.mark.whole_gate, pytest.mark.timeout(300)]
KEY = "sk-naive-client"

FAULTS = {
    "errors are text inside a 200": ["errors.status-preserved", "errors.upstream-html", "chat.invalid-upstream-json"],
    "errors of streams are content": ["stream.error-before-first", "stream.error-in-200", "stream.error-mid"],
    "a cut stream looks whole": ["stream.cut"],
    "retries on top of the next hop's": ["retry.budget"],
    "fields outside a short list are dropped": [
        "tools.roundtrip",
        "requests.response-format",
        "requests.sampling-params",
    ],
    "tool calls are dropped": ["tools.call-nonstream", "tools.stream-id-first"],
    "usage is dropped": ["chat.usage-exact", "stream.usage-chunk"],
    "a fresh id for each chunk": ["stream.same-id"],
    "the finish reason is made up": ["chat.finish-reason", "stream.finish-matches"],
    "one choice is kept": ["chat.n-choices"],
    "errors have the framework's shape": ["errors.shape"],
    "anything is let through": ["errors.missing-fields"],
    "the client's headers go upstream": ["auth.alt-headers"],
    "a provider's Retry-After is lost": ["rate_limit.upstream-retry-after"],
}


@pytest.fixture
def outcomes(start, gate, upstream_port: int) -> dict[str, str]:
    env = {
        "NAIVE_UPSTREAM_URL": f"http://127.0.0.1:{upstream_port}/v1",
        "NAIVE_UPSTREAM_KEY": "sk-naive-upstream",
        "NAIVE_API_KEY": KEY,
    }
    port = free_port()
    url = start(str(ROOT / "examples/naive_proxy/app.py"), "--port", str(port), env=env, port=port)
    chosen = [option for cases in FAULTS.values() for case in cases for option in ("--select", case)]
    code, report = gate(url, KEY, upstream_port, *chosen)
    assert code == 1
    red = {case["id"]: case["outcome"] for case in report["cases"] if case["outcome"] == "deviates"}
    return {case["id"]: case["outcome"] for case in report["cases"]} | red


def test_each_fault_is_noticed(outcomes: dict[str, str]) -> None:
    unnoticed = {
        fault: {case: outcomes.get(case) for case in cases if outcomes.get(case) != "deviates"}
        for fault, cases in FAULTS.items()
    }
    assert {fault: cases for fault, cases in unnoticed.items() if cases} == {}
