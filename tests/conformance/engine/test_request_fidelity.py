"""How binding it is that a field of a request arrives depends on whose request it is."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck import Findings, Operation, OutgoingRequest, Relay, Target, expect
from hopcheck.authoring.findings import Level
from hopcheck.engine.invariants.request_fidelity import REQUEST_FIDELITY

FIELDS = {"seed": 7, "top_k": 40}


class KnowsNoSampling(Relay):
    """Fields about sampling are dropped."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({name: value for name, value in outgoing.json.items() if name not in FIELDS})


def with_fields(**fields: Any):
    async def function(target: Target, ask: Operation) -> Findings:
        """It is asked."""
        yield expect("status", (await ask(extra=fields)).status, equals=200)

    return function


@pytest.mark.parametrize(
    ("operation", "field", "level"),
    [("chat", "seed", Level.MUST), ("chat", "top_k", Level.SHOULD), ("messages", "top_k", Level.MUST)],
)
def test_a_field_that_the_surface_does_not_have_steers_nothing(case, bench, operation, field, level) -> None:
    ask = case("requests.one", level="MUST", on=operation, because="a test", refs=["a"])(
        with_fields(**{field: FIELDS[field]})
    )
    verdict = bench.judge([ask], KnowsNoSampling)["requests.one"]
    lost = [one for one in verdict.occurrences if one.check == REQUEST_FIDELITY]
    assert [(one.cause, one.level) for one in lost] == [(f"{field} is missing", level)]


FUNCTIONS = [{"name": "look_up", "parameters": {"type": "object", "properties": {}}}]
CHOSEN = {"name": "look_up"}


class WritesTools(Relay):
    """Deprecated functions are written as tools."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        functions, choice = body.pop("functions"), body.pop("function_call")
        tools = [{"type": "function", "function": function} for function in functions]
        return outgoing.with_json({**body, "tools": tools, "tool_choice": {"type": "function", "function": choice}})


class WritesTheWrongTool(WritesTools):
    """And another one is asked for."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        written = await super().request(outgoing)
        return written.with_json({**written.json, "tool_choice": "required"})


class DropsFunctions(Relay):
    """Deprecated functions are dropped."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        kept = {name: value for name, value in outgoing.json.items() if not name.startswith("function")}
        return outgoing.with_json(kept)


@pytest.mark.parametrize(
    ("relay", "causes"),
    [
        (WritesTools, []),
        (WritesTheWrongTool, [("tool_choice is changed", Level.MUST)]),
        (DropsFunctions, [("functions is missing", Level.SHOULD), ("function_call is missing", Level.SHOULD)]),
    ],
)
def test_deprecated_functions_may_become_tools(case, bench, relay, causes) -> None:
    ask = case("requests.one", level="MUST", on="chat", because="a test", refs=["a"])(
        with_fields(functions=FUNCTIONS, function_call=CHOSEN)
    )
    verdict = bench.judge([ask], relay)["requests.one"]
    lost = [one for one in verdict.occurrences if one.check == REQUEST_FIDELITY]
    assert [(one.cause, one.level) for one in lost] == causes
