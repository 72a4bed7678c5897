"""The reference proxy serves the routes that `llm-proxy.yaml` describes, and the document itself."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

from openapi_spec_validator import validate
from starlette.testclient import TestClient

from hopcheck_contracts.documents import METHODS, document
from hopcheck_contracts.schemas import named_schema
from hopcheck_server.proxy import create_app, load_settings
from hopcheck_server.proxy.adapters.litellm.control_fields import CONTROL_FIELDS, CONTROL_PREFIXES, is_control_field

Json = dict[str, Any]

UNDESCRIBED = {("/openapi.json", "get"), ("/openapi.json", "head")}
"""The document doesn't describe itself."""


@cache
def routes() -> Json:
    """What FastAPI reads off the routes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate Operation ID")  # GET and HEAD are one route
        return create_app(load_settings()).openapi()


def resolved(root: Json, node: Any) -> Any:
    while isinstance(node, Mapping) and "$ref" in node:
        found: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def parameters(root: Json, item: Json, operation: Json) -> list[Any]:
    both = [resolved(root, one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    # What is passed on, in headers and in the query, FastAPI doesn't know.
    both = [one for one in both if one["in"] == "path"]
    return sorted((one["in"], one["name"], one["required"], one["schema"]["type"]) for one in both)


def operations(root: Json) -> dict[tuple[str, str], list[Any]]:
    """The operations of a document, with their parameters."""
    return {
        (path, method): parameters(root, item, item[method])
        for path, item in root["paths"].items()
        for method in METHODS
        if method in item
    }


def test_the_routes_are_the_documents() -> None:
    served, described = operations(routes()), operations(document("llm-proxy"))
    assert served.keys() - UNDESCRIBED == described.keys()
    assert {at: served[at] for at in described} == described


def test_the_document_is_served() -> None:
    settings = load_settings(llm_mode="mock", internal_api_key="a-key")
    with TestClient(create_app(settings)) as client:
        assert client.get("/openapi.json").status_code == 401
        response = client.get("/openapi.json", headers={"authorization": "Bearer a-key"})
    assert response.headers["content-type"] == "application/json"
    assert response.json() == document("llm-proxy")
    validate(response.json())


def test_control_fields_are_the_proxys() -> None:
    pattern, words = document("llm-proxy")["components"]["schemas"]["HarmlessName"]["not"]["anyOf"]
    assert set(words["enum"]) == CONTROL_FIELDS
    assert set(pattern["pattern"].removeprefix("^(").removesuffix(")").split("|")) == set(CONTROL_PREFIXES)
    harmless = named_schema("llm-proxy", "HarmlessName")
    names = ("model", "user", "api_base", "litellm_x", "_x", "tags", "x_vendor", "mock_response")
    assert [bool(harmless.violations(name)) for name in names] == [is_control_field(name) for name in names]
