"""What workloads ask."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from hopcheck_contracts.schemas import validate_upstream_request
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.workloads import (
    AGENT_WORKLOADS,
    GROWTH,
    REST_WORKLOADS,
    TOKENS_A_TURN,
    WORKLOADS,
    workload_name,
)
from hopcheck_server.upstream.dialects.registry import all_dialects

MARKER = "hopcheck:load.x~~chat.stream:1"


def asked(name, surface="chat", number=0):
    return json.loads(REST_WORKLOADS[workload_name(name, surface)].body("m", MARKER, number))


def read(name, surface, number=0):
    """A request as the upstream reads it, in the form that all dialects share."""
    path = f"/v1{SURFACES[surface].path}"
    dialect, _ = all_dialects().route(path, ())
    return dialect.read(path, asked(name, surface, number))


@pytest.mark.parametrize("name", REST_WORKLOADS)
def test_requests_are_valid(name):
    workload = REST_WORKLOADS[name]
    path = f"/v1{SURFACES[workload.surface].path}"
    assert validate_upstream_request(path, json.loads(workload.body("m", MARKER))) == []


@pytest.mark.parametrize("name", REST_WORKLOADS)
def test_prompts_are_as_long_as_they_say(name):
    """A token is taken for four characters, up to what the messages need besides."""
    workload = REST_WORKLOADS[name]
    for number, tokens in enumerate(workload.lengths):
        assert 4 * tokens <= len(workload.body("m", MARKER, number)) < 5.2 * tokens + 1_200
    assert workload.max_body_bytes == max(len(workload.body("", "", number)) for number in range(len(workload.lengths)))


@pytest.mark.parametrize("surface", SURFACES)
def test_an_agents_history_grows(surface):
    """Each turn of a session is the beginning of the next, but for what the user says last; then it begins anew."""
    history = {"chat": "messages", "responses": "input", "messages": "messages"}[surface]
    requests = [asked("agent", surface, number)[history] for number in range(len(GROWTH))]
    for before, after in pairwise(requests):
        assert after[: len(before) - 1] == before[:-1]
        assert len(after) == len(before) + 2
        assert after[-1] == {"role": "user", "content": MARKER}
    assert asked("agent", surface, len(GROWTH)) == asked("agent", surface, 0)
    assert asked("agent-10k", surface) == asked("agent", surface, len(GROWTH) - 1)


@pytest.mark.parametrize("name", AGENT_WORKLOADS)
def test_a_session_is_the_same_on_all_surfaces(name):
    """The upstream reads the same turns, calls and tools; only what each API makes of the limits differs."""
    chat, responses, messages = (read(name, surface) for surface in SURFACES)
    for other in (responses, messages):
        assert (other.system, other.turns, other.tools) == (chat.system, chat.turns, chat.tools)
        assert other.stream


def test_each_result_answers_the_call_before_it():
    parts = [part for turn in read("agent-10k", "messages").turns for part in turn.parts]
    calls, results = ([part.id for part in parts if part.kind == kind] for kind in ("call", "result"))
    assert calls == results
    assert len(set(calls)) == 10_000 // TOKENS_A_TURN


def test_agents_are_measured_where_they_are_asked_for():
    assert not AGENT_WORKLOADS.keys() & WORKLOADS.keys()
