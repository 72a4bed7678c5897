"""What the suite sends is valid at the provider: a gateway that refuses it would be blamed for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hopcheck import Findings, Target
from hopcheck.authoring.case import Case
from hopcheck.authoring.isolation import Isolation
from hopcheck.client.providers.contract_path import contract_path
from hopcheck.engine.case_run import run_case
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_contracts.documents import surface_of
from hopcheck_contracts.schemas import validate_request
from hopcheck_server.relay import Relay

UNDISTURBING = (Isolation.SHARED, Isolation.PACED, Isolation.EXCLUSIVE)
QUICK = [case for case in all_cases().values() if case.isolation in UNDISTURBING]

DELIBERATE = frozenset({"errors.missing-fields", "errors.no-stack", "llm_proxy.default-model", "responses.own-errors"})
"""Cases that send what no provider would take, and say so."""

UNSUPPORTED = frozenset({"default", "minProperties", "patternProperties", "not", "if", "oneOf"})
"""Keywords that a strict schema must not have."""


def open_objects(schema: Any) -> Iterator[str]:
    """What OpenAI refuses in a strict schema: open objects, optional members, keywords that it doesn't support."""
    if isinstance(schema, list):
        for one in schema:
            yield from open_objects(one)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield "an object is open"
        if sorted(schema.get("required", ())) != sorted(schema.get("properties", {})):
            yield "a member is optional"
    yield from (f"{word} is not supported" for word in UNSUPPORTED & schema.keys())
    for name, one in schema.items():
        inner = one.values() if name in ("properties", "$defs") and isinstance(one, dict) else (one,)
        for part in inner:
            yield from open_objects(part)


def strict_schemas(body: dict[str, Any]) -> Iterator[Any]:
    functions = [tool.get("function", {}) for tool in body.get("tools") or ()]
    for holder in (*functions, (body.get("response_format") or {}).get("json_schema", {})):
        if holder.get("strict"):
            yield holder.get("schema", holder.get("parameters"))


def refused_by_openai(body: dict[str, Any]) -> Iterator[str]:
    """Rules of OpenAI's that no schema holds."""
    for schema in strict_schemas(body):
        yield from open_objects(schema)
    text = repr(body.get("messages"))
    if (body.get("response_format") or {}).get("type") == "json_object" and "json" not in text.lower():
        yield "json_object is asked for without the word JSON"
    calls = any("tool_calls" in one for one in body.get("messages") or () if isinstance(one, dict))
    if calls and not (body.get("tools") or body.get("functions")):
        yield "tool calls without tools"
    if body.get("metadata") and not body.get("store") and "max_tokens" not in body:  # which Anthropic requires
        yield "metadata without store"


def complaints(target: Target) -> Iterator[str]:
    for response in target.responses:
        body, path = response.sent.json, contract_path(response.sent.url, target.base_path)
        if response.sent.method == "POST" and response.marker and isinstance(body, dict):
            yield from map(str, validate_request(surface_of(path), "POST", path, body))
            yield from refused_by_openai(body)
            if response.tool_calls() and not (body.get("tools") or body.get("functions")):
                yield "calls are answered without tools"


def test_every_request_of_a_case_is_valid_at_the_provider() -> None:
    found: dict[str, list[str]] = {}
    asked: list[int] = []

    async def collect(case: Case, target: Target) -> Findings:
        found[case.id] = list(complaints(target))
        asked.append(len(target.responses))
        for finding in ():
            yield finding

    async def main() -> None:
        async with RelayHost({"relay": Relay}, QUICK) as bench:
            context = replace(bench.context("relay"), extra_findings=collect, flood=0.01, contracts=False)
            turns = asyncio.Semaphore(8)

            async def one(case: Case) -> None:
                async with turns:
                    await run_case(case, context)

            await asyncio.gather(*map(one, QUICK))

    asyncio.run(main())
    assert sum(asked) > 200
    assert {case: what for case, what in found.items() if what and case not in DELIBERATE} == {}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            {"response_format": {"type": "json_object"}, "messages": []},
            "json_object is asked for without the word JSON",
        ),
        ({"messages": [{"role": "assistant", "tool_calls": []}]}, "tool calls without tools"),
        ({"metadata": {"a": "b"}}, "metadata without store"),
        ({"tools": [{"function": {"strict": True, "parameters": {"type": "object"}}}]}, "an object is open"),
    ],
)
def test_what_openai_refuses_is_found(body: dict[str, Any], complaint: str) -> None:
    assert list(refused_by_openai(body)) == [complaint]
