"""What workloads ask."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from hopcheck_contracts.schemas import validate_upstream_request
from hopcheck_load.measurement.workloads import AGENT_WORKLOADS, REST_WORKLOADS, TOKENS_A_TURN, WORKLOADS

MARKER = "hopcheck:load.x~~chat.stream:1"


def asked(name):
    return json.loads(REST_WORKLOADS[name].body("m", MARKER))


@pytest.mark.parametrize("name", REST_WORKLOADS)
def test_requests_are_valid(name):
    assert validate_upstream_request("/v1/chat/completions", asked(name)) == []


@pytest.mark.parametrize("name", REST_WORKLOADS)
def test_prompts_are_as_long_as_they_say(name):
    """A token is taken for four characters, up to what the messages need besides."""
    workload = REST_WORKLOADS[name]
    size = len(workload.body("m", MARKER))
    assert 4 * workload.prompt_tokens <= size < 5.2 * workload.prompt_tokens + 1_200


def test_an_agents_history_grows():
    short, long = (asked(name)["messages"] for name in ("agent-1k", "agent-10k"))
    assert long[: len(short) - 1] == short[:-1]
    assert short[-1] == long[-1] == {"role": "user", "content": MARKER}
    assert len(long) == 3 + 2 * 10_000 // TOKENS_A_TURN


def test_each_result_answers_the_call_before_it():
    messages = asked("agent-10k")["messages"]
    results = [(before, one) for before, one in pairwise(messages) if one["role"] == "tool"]
    assert len(results) == 20
    assert all(call["tool_calls"][0]["id"] == result["tool_call_id"] for call, result in results)


def test_agents_are_measured_where_they_are_asked_for():
    assert not AGENT_WORKLOADS.keys() & WORKLOADS.keys()
