"""The contract at each boundary: OpenAPI documents, read from package data and joined with what they share.

Knows files, references and paths. Does not judge anything: that is `hopcheck_contracts.schemas`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

import yaml

Boundary = Literal["openai-compatible", "openai-responses", "anthropic-messages", "llm-proxy", "litellm"]
"""Between which two a contract holds: any client and target (by surface), LLM-Proxy and its clients, it and LiteLLM."""

BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

SURFACES: tuple[Boundary, ...] = ("openai-compatible", "openai-responses", "anthropic-messages")
"""Those that hold for any target and for its providers; no two of them know the same path."""

Provider = Literal["upstream/anthropic", "upstream/gemini", "upstream/ollama", "upstream/vllm"]
"""Providers that speak an API of their own, or more than OpenAI's: what a gateway and they say to each other."""

PROVIDERS: tuple[Provider, ...] = get_args(Provider)

Contract = Boundary | Provider
"""What a document describes; also its file's name."""

CONTRACTS: tuple[Contract, ...] = (*BOUNDARIES, *PROVIDERS)

SHARED = "components.yaml"

STREAM_TYPES = frozenset({"text/event-stream", "application/x-ndjson"})
"""Media types of streams; their schemas describe one event, or one line."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C where it can be had: a tenth of the time


class DocumentedOperation(NamedTuple):
    """One operation of a document.

    Attributes:
        boundary: Whose document it is in; a boundary, or a provider.
        method: In lower case.
        path: The template, such as `/v1/models/{model}`.
    """

    boundary: Contract
    method: str
    path: str

    @property
    def definition(self) -> Mapping[str, Any]:
        """The operation object."""
        found: Mapping[str, Any] = document(self.boundary)["paths"][self.path][self.method]
        return found


def source(name: str) -> dict[str, Any]:
    """One file as it was written: a boundary's, or `components`."""
    text = files("hopcheck_contracts").joinpath("openapi", f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, _LOADER)  # noqa: S506  (both loaders are safe ones)
    return loaded


@cache
def document(boundary: Contract) -> dict[str, Any]:
    """A boundary's whole contract as one document without references to other files. Not to be changed."""
    main, shared = source(boundary), source("components")["components"]
    parts: dict[str, dict[str, Any]] = main.setdefault("components", {})
    for kind, name, there in list(_references(main)):
        if there:
            _bring(parts, shared, kind, name)
    joined = _localised(main)
    assert isinstance(joined, dict)
    return joined


def document_3_2(boundary: Contract) -> dict[str, Any]:
    """The same in OpenAPI 3.2, which has a keyword of its own for the items of a stream."""
    made = deepcopy(document(boundary))
    made["openapi"] = "3.2.0"
    for content in _contents(made):
        for media_type in STREAM_TYPES & content.keys():
            stream = content[media_type]
            stream["itemSchema"] = stream.pop("schema")
    return made


def operations(boundary: Contract) -> list[DocumentedOperation]:
    """Every operation of a document."""
    paths = document(boundary)["paths"]
    return [
        DocumentedOperation(boundary, method, path)
        for path, item in paths.items()
        for method in METHODS
        if method in item
    ]


def resolve(boundary: Contract, node: Any) -> Any:
    """Follow a reference, and those behind it; anything else is given back as it is."""
    while isinstance(node, Mapping) and "$ref" in node:
        found: Any = document(boundary)
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def standalone_schema(boundary: Contract, name: str) -> dict[str, Any]:
    """A component as a JSON Schema of its own, with no more definitions than it needs: for generators, say."""
    schemas, needed = document(boundary)["components"]["schemas"], [name]
    for one in needed:  # grows as it goes
        needed += dict.fromkeys(inner for _, inner, _ in _references(schemas[one]) if inner not in needed)
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": f"#/$defs/{name}"}
    return {**root, "$defs": {one: _in_definitions(schemas[one]) for one in needed}}


def _in_definitions(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {
            key: value.replace("#/components/schemas/", "#/$defs/") if key == "$ref" else _in_definitions(value)
            for key, value in node.items()
            if key != "discriminator"  # OpenAPI's own; it points into the document
        }
    return [_in_definitions(value) for value in node] if isinstance(node, list) else node


@lru_cache(1024)
def find_operation(boundary: Contract, method: str, path: str) -> DocumentedOperation | None:
    """The operation that a request is for; None if the contract has none.

    Args:
        boundary: Whose document to look into.
        method: Any case.
        path: With or without query and a prefix before `/v1`; Azure's paths of deployments are read, too. A provider's
            operations are known by the end of the path: gateways put the version before it, or don't.
    """
    item = _template(boundary, path.partition("?")[0] if boundary in PROVIDERS else _plain(path))
    if item is None:
        return None
    known = document(boundary)["paths"][item]
    name = method.lower()
    return DocumentedOperation(boundary, name, item) if name in known and name in METHODS else None


def surface_of(path: str) -> Boundary:
    """The surface that a path belongs to, whatever the method; `openai-compatible` for a path that none knows."""
    plain = _plain(path)
    return next((one for one in SURFACES if _template(one, plain) is not None), SURFACES[0])


def _plain(path: str) -> str:
    path = re.sub(r"^.*/openai/deployments/[^/]+", "/v1", path.partition("?")[0])
    before, found, rest = path.partition("/v1/")
    return f"/v1/{rest}" if found else before


@lru_cache(1024)
def _template(boundary: Contract, path: str) -> str | None:
    """The template that fits; one without parameters goes first, and a parameter may hold slashes (model ids do)."""
    templates = sorted(document(boundary)["paths"], key=lambda template: "{" in template)
    prefix = ".*" if boundary in PROVIDERS else ""
    return next((one for one in templates if re.fullmatch(prefix + _pattern(one), path)), None)


def _pattern(template: str) -> str:
    return re.sub(r"\\\{\w+\\\}", ".+", re.escape(template))


def _references(node: Any) -> Iterator[tuple[str, str, bool]]:
    """Every reference below a node: the kind and name of the component, and whether it is in the shared file."""
    if isinstance(node, Mapping):
        target = node.get("$ref")
        if isinstance(target, str):
            where, _, pointer = target.partition("#/components/")
            kind, _, name = pointer.partition("/")
            yield kind, name, where.endswith(SHARED)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _bring(parts: dict[str, dict[str, Any]], shared: Mapping[str, Any], kind: str, name: str) -> None:
    """Copy a shared component into a document, and all that it refers to."""
    found, here = shared[kind][name], parts.setdefault(kind, {})
    if here.get(name) == found:
        return
    if name in here and not str(here[name].get("$ref", "")).endswith(f"{SHARED}#/components/{kind}/{name}"):
        raise ValueError(f"components/{kind}/{name} is both shared and a document's own")
    here[name] = found
    for inner_kind, inner_name, _ in _references(found):
        _bring(parts, shared, inner_kind, inner_name)


def _localised(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {
            key: value[value.index("#") :] if key == "$ref" and isinstance(value, str) else _localised(value)
            for key, value in node.items()
        }
    return [_localised(value) for value in node] if isinstance(node, list) else node


def _contents(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("content"), dict):
            yield node["content"]
        for value in node.values():
            yield from _contents(value)
