"""The reference proxy's generated OpenAPI document says what `llm-proxy.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from openapi_spec_validator import validate

from hopcheck_contracts.documents import METHODS, document
from hopcheck_contracts.schemas import named_schema
from hopcheck_server.proxy import load_settings
from hopcheck_server.proxy.adapters.control_fields import CONTROL_FIELDS, CONTROL_PREFIXES, is_control_field
from hopcheck_server.proxy.app import create_app

Json = dict[str, Any]

UNLISTED: tuple[str, ...] = ()
"""Differences that are right; there are none."""

FOR_PEOPLE = ("description", "title", "summary", "example", "examples", "x-must-refuse-unless")


@cache
def generated() -> Json:
    return create_app(load_settings()).openapi()


def resolved(root: Json, node: Any) -> Any:
    while isinstance(node, Mapping) and "$ref" in node:
        found: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def for_machines(node: Any) -> Any:
    """Without the words for people; `anyOf` a type and null is written as a list of types."""
    if isinstance(node, list):
        return [for_machines(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    kept = {name: for_machines(value) for name, value in node.items() if name not in FOR_PEOPLE}
    either = kept.get("anyOf", [])
    if either and all(one.keys() == {"type"} for one in either):
        return {"type": [one["type"] for one in either]}
    return kept


def parameters(root: Json, item: Json, operation: Json) -> list[Any]:
    both = [resolved(root, one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    return sorted((one["in"], one["name"], one["required"], str(for_machines(one["schema"]))) for one in both)


def answer(root: Json, node: Any) -> Json:
    found = resolved(root, node)
    headers = {name: for_machines(resolved(root, one)) for name, one in found.get("headers", {}).items()}
    return {"headers": headers, "content": for_machines(found.get("content", {}))}


def flattened(root: Json) -> dict[tuple[str, ...], Any]:
    """Everything that a document says of its operations, one fact a line."""
    facts: dict[tuple[str, ...], Any] = {}
    for path, item in root["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation, at = item[method], (path, method)
            facts[*at, "name"] = operation["operationId"]
            facts[*at, "parameters"] = parameters(root, item, operation)
            facts[*at, "body"] = for_machines(operation.get("requestBody"))
            facts[*at, "security"] = operation.get("security", root["security"])
            facts |= {(*at, status): answer(root, one) for status, one in operation["responses"].items()}
    return facts


def test_it_is_valid() -> None:
    validate(generated())


def test_it_says_the_same() -> None:
    ours, theirs = flattened(document("llm-proxy")), flattened(generated())
    different = [" ".join(at) for at in sorted(ours.keys() | theirs.keys()) if ours.get(at) != theirs.get(at)]
    assert tuple(different) == UNLISTED


@pytest.mark.parametrize("name", ["LLMModel", "Health"])
def test_its_own_shapes_are_the_contracts(name: str) -> None:
    """These are the proxy's models, not copies of the contract."""
    ours = for_machines(document("llm-proxy")["components"]["schemas"][name])
    assert for_machines(generated()["components"]["schemas"][name]) == ours


def test_the_comparison_sees_differences() -> None:
    changed = create_app(load_settings()).openapi()
    del changed["paths"]["/v1/models"]["get"]["responses"]["401"]
    changed["paths"]["/v1/models/{model_id}"]["get"]["parameters"][0]["schema"] = {"type": "integer"}
    ours, theirs = flattened(document("llm-proxy")), flattened(changed)
    assert {at for at in ours if ours[at] != theirs.get(at)} == {
        ("/v1/models", "get", "401"),
        ("/v1/models/{model_id}", "get", "parameters"),
    }


def test_control_fields_are_the_proxys() -> None:
    pattern, words = document("llm-proxy")["components"]["schemas"]["HarmlessName"]["not"]["anyOf"]
    assert set(words["enum"]) == CONTROL_FIELDS
    assert set(pattern["pattern"].removeprefix("^(").removesuffix(")").split("|")) == set(CONTROL_PREFIXES)
    harmless = named_schema("llm-proxy", "HarmlessName")
    names = ("model", "user", "api_base", "litellm_x", "_x", "tags", "x_vendor", "mock_response")
    assert [bool(harmless.violations(name)) for name in names] == [is_control_field(name) for name in names]
