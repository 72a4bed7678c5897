"""The OpenAPI documents are valid, complete and self-contained."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from hopcheck_contracts.__main__ import main
from hopcheck_contracts.documents import (
    BOUNDARIES,
    CONTRACTS,
    STREAM_TYPES,
    SURFACES,
    Boundary,
    Contract,
    document,
    document_3_2,
    find_operation,
    operations,
    resolve,
    source,
    standalone_schema,
    surface_of,
)

FILES = (*CONTRACTS, "components")
MESSAGES = [one for one in operations("llm-proxy") if one.path.startswith("/v1/messages")]
"""Of the reference proxy; its other operations are OpenAI's."""

boundaries = pytest.mark.parametrize("boundary", BOUNDARIES)
contracts = pytest.mark.parametrize("contract", CONTRACTS)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


@pytest.mark.parametrize("name", FILES)
def test_files_are_valid(name: str) -> None:
    path = Path(str(files("hopcheck_contracts").joinpath("openapi", f"{name}.yaml")))
    loaded = source(name)
    assert loaded["openapi"].startswith("3.1.")
    validate(loaded, base_uri=path.as_uri())


@contracts
def test_joined_documents_are_valid(contract: Contract) -> None:
    validate(document(contract))
    assert [node["$ref"] for node in walk(document(contract)) if not str(node.get("$ref", "#/")).startswith("#/")] == []


@contracts
def test_version_3_2_is_valid(contract: Contract) -> None:
    made = document_3_2(contract)
    validate(made)
    streams = [node[media_type] for node in walk(made) for media_type in STREAM_TYPES & node.keys()]
    assert streams
    assert all("itemSchema" in stream and "schema" not in stream for stream in streams)
    assert "itemSchema" not in str(document(contract))


@pytest.mark.parametrize("name", FILES)
def test_keys_are_words(name: str) -> None:
    """A comma in an unquoted YAML text makes a key of what follows it."""
    loaded = source(name)
    loaded.pop("paths", None)
    odd = [key for node in walk(loaded) for key in node if " " in str(key) or key is None]
    assert odd == []


@pytest.mark.parametrize("name", FILES)
def test_nulls_are_written_as_3_1_has_them(name: str) -> None:
    assert [node for node in walk(source(name)) if "nullable" in node] == []


@pytest.mark.parametrize("name", FILES)
def test_every_schema_is_described_and_has_an_example(name: str) -> None:
    schemas = source(name)["components"].get("schemas", {})
    lacking = [key for key, schema in schemas.items() if not (schema.get("description") and schema.get("examples"))]
    assert lacking == []


@contracts
def test_every_content_has_an_example(contract: Contract) -> None:
    """Its own, or its schema's."""
    lacking = [
        (kind, content)
        for node in walk(document(contract))
        if isinstance(node.get("content"), dict)
        for kind, content in node["content"].items()
        if "/" in kind
        if "example" not in content and "examples" not in resolve(contract, content["schema"])
    ]
    assert lacking == []


@contracts
def test_every_operation_has_its_own_name_and_its_failures(contract: Contract) -> None:
    known = operations(contract)
    assert len({one.definition["operationId"] for one in known}) == len(known)
    for one in known:
        statuses = set(one.definition["responses"])
        assert "200" in statuses
        assert one.path.startswith("/health/") or "default" in statuses


@pytest.mark.parametrize("boundary", ["openai-compatible", "openai-responses", "llm-proxy"])
def test_every_error_has_the_shape_and_the_headers(boundary: Boundary) -> None:
    for one in operations(boundary):
        if one in MESSAGES:
            continue
        for status, answer in one.definition["responses"].items():
            found = resolve(boundary, answer)
            assert "x-request-id" in found["headers"], (one, status)
            if status == "429":
                assert {"retry-after", "x-ratelimit-limit-requests", "x-ratelimit-reset-tokens"} <= set(
                    found["headers"]
                )
            if status != "200" and one.method != "head":
                assert found["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


def test_the_proxys_messages_fail_as_anthropics_do() -> None:
    for one in MESSAGES:
        described = find_operation("anthropic-messages", one.method, one.path)
        assert described is not None
        assert one.definition["responses"].keys() == described.definition["responses"].keys()
        answers = one.definition["responses"]
        failures = [resolve("llm-proxy", answers[status]) for status in answers.keys() - {"200"}]
        shapes = {failure["content"]["application/json"]["schema"]["$ref"] for failure in failures}
        assert shapes == {"#/components/schemas/anthropic-messages.ErrorResponse"}


@boundaries
def test_health_alone_is_open(boundary: Boundary) -> None:
    assert document(boundary)["security"][0] == {"bearerAuth": []}
    opened = {one.path for one in operations(boundary) if one.definition.get("security") == []}
    assert opened == {one.path for one in operations(boundary) if one.path.startswith("/health/")}


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("POST", "/v1/chat/completions", "/v1/chat/completions"),
        ("post", "/relay-7/v1/chat/completions?x=1", "/v1/chat/completions"),
        ("POST", "/openai/deployments/gpt/chat/completions?api-version=1", "/v1/chat/completions"),
        ("POST", "/openai/v1/embeddings", "/v1/embeddings"),
        ("GET", "/v1/models", "/v1/models"),
        ("GET", "/v1/models/a/b", "/v1/models/{model_id}"),
        ("GET", "/v1/llm/models", "/v1/llm/models"),
        ("GET", "/health/live", "/health/live"),
        ("GET", "/v1/responses/resp_1", "/v1/responses/{response_id}"),
        ("GET", "/v1/responses/resp_1/input_items", "/v1/responses/{response_id}/input_items"),
        ("DELETE", "/v1/models", None),
        ("GET", "/v1/files", None),
    ],
)
def test_finding_an_operation(method: str, path: str, template: str | None) -> None:
    found = find_operation("llm-proxy", method, path)
    assert (found and found.path) == template


@pytest.mark.parametrize(
    ("contract", "path", "template"),
    [
        ("anthropic-messages", "/v1/messages", "/v1/messages"),
        ("anthropic-messages", "//v1/messages?beta=true", "/v1/messages"),
        ("anthropic-messages", "/v1/messages/count_tokens", "/v1/messages/count_tokens"),
        ("anthropic-messages", "/v1/messages/batches", None),
        ("upstream/gemini", "/v1beta/models/g:generateContent", "/models/{model}:generateContent"),
        ("upstream/gemini", "/models/g:streamGenerateContent?alt=sse", "/models/{model}:streamGenerateContent"),
        ("upstream/gemini", "/v1beta/models/g", None),
        ("upstream/ollama", "/api/chat", "/chat"),
        ("upstream/vllm", "/chat/completions", "/chat/completions"),
        ("upstream/vllm", "/v1/chat/completions", "/chat/completions"),
    ],
)
def test_finding_a_providers_operation(contract: Contract, path: str, template: str | None) -> None:
    found = find_operation(contract, "POST", path)
    assert (found and found.path) == template


def test_every_anthropic_error_has_the_shape() -> None:
    for one in operations("anthropic-messages"):
        for status, answer in one.definition["responses"].items():
            found = resolve("anthropic-messages", answer)
            assert "request-id" in found["headers"], (one, status)
            assert ("retry-after" in found["headers"]) is (status in ("429", "503", "529", "default"))
            if status != "200":
                schema = found["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorResponse"}


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        ("/v1/messages", "anthropic-messages"),
        ("/relay/v1/messages/count_tokens?beta=true", "anthropic-messages"),
        ("/v1/responses", "openai-responses"),
        ("/v1/chat/completions", "openai-compatible"),
        ("/v1/nowhere", "openai-compatible"),
    ],
)
def test_the_surface_of_a_path(path: str, surface: Boundary) -> None:
    assert surface_of(path) == surface


def test_no_path_is_of_two_surfaces() -> None:
    paths = [path for surface in SURFACES for path in document(surface)["paths"]]
    assert len(set(paths)) == len(paths)


@contracts
def test_schemas_of_their_own(contract: Contract) -> None:
    for name, schema in document(contract)["components"]["schemas"].items():
        alone = standalone_schema(contract, name)
        jsonschema_rs.meta.validate(alone)
        judge = jsonschema_rs.Draft202012Validator(alone)
        assert all(judge.is_valid(example) for example in schema["examples"])
        assert "components" not in str(alone)


@pytest.mark.parametrize("boundary", ["openai-compatible", "llm-proxy", "litellm"])
def test_no_more_definitions_than_needed(boundary: Boundary) -> None:
    assert len(standalone_schema(boundary, "Usage")["$defs"]) == 3


def test_printing_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    assert main(["openai-compatible"]) == 0
    assert yaml.safe_load(printed.getvalue()) == document("openai-compatible")


@pytest.mark.parametrize("arguments", [[], ["nope"], ["litellm", "2.0"]])
def test_nothing_to_print(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err
