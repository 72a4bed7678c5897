"""The contract as generators read it: one small OpenAPI document for each kind of value to generate.

The contract's schemas are changed in two ways. Objects with declared members have no others, since a proxy may drop or
keep an unknown field; and a request asks for at most four choices, since more take longer and show no more.
A response is described as the body of a request, so that one generator makes both directions.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from hopcheck_contracts.documents import document

MAX_CHOICES = 4

PATH = "/made"


@cache
def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = deepcopy(document("openai-compatible")["components"]["schemas"])
    _close(schemas)
    schemas["ChatFields"]["properties"]["n"]["maximum"] = MAX_CHOICES
    return schemas


def _close(node: Any) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            node.setdefault("additionalProperties", False)
        for value in node.values():
            _close(value)
    elif isinstance(node, list):
        for value in node:
            _close(value)


def body_document(name: str) -> dict[str, Any]:
    """A document with one operation, whose body is the contract's schema of that name."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return _document({"post": {"requestBody": {"required": True, "content": content}}})


def parameter_document(path: str, name: str) -> dict[str, Any]:
    """A document with one operation, which has the parameter of that name of the contract's path."""
    described = document("openai-compatible")["paths"][path]["get"]["parameters"]
    one = next(parameter for parameter in described if parameter["name"] == name)
    return _document({"get": {"parameters": [one]}}, f"{PATH}/{{{name}}}")


def _document(item: dict[str, Any], path: str = PATH) -> dict[str, Any]:
    for operation in item.values():
        operation["responses"] = {"200": {"description": "Ignored."}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Generated values", "version": "1"},
        "paths": {path: item},
        "components": {"schemas": _schemas()},
    }
