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

from hopcheck_contracts.references import Reference, read_reference, references_in, with_references

Boundary = Literal["openai-compatible", "openai-responses", "anthropic-messages", "llm-proxy", "litellm"]
"""Between which two a contract holds: any client and target (by surface), LLM-Proxy and its clients, it and LiteLLM."""

BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

SURFACES: tuple[Boundary, ...] = ("openai-compatible", "openai-responses", "anthropic-messages")
"""Those that hold for any target and for its providers; no two of them know the same path."""

Provider = Literal["upstream/gemini", "upstream/ollama", "upstream/vllm"]
"""Providers whose API is no surface's, or has more than OpenAI's: what a gateway and they say to each other."""

PROVIDERS: tuple[Provider, ...] = get_args(Provider)

Contract = Boundary | Provider
"""What a document describes; also its file's name."""

CONTRACTS: tuple[Contract, ...] = (*BOUNDARIES, *PROVIDERS)

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
    main = source(boundary)
    parts: dict[str, dict[str, Any]] = main.setdefault("components", {})
    for reference in list(references_in(main)):
        if reference.file:
            _bring(parts, reference)
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
        needed += dict.fromkeys(inner.name for inner in references_in(schemas[one]) if inner.name not in needed)
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


@lru_cache(1024)
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
    """The template that fits; those without parameters go first, then longer ones: a parameter may hold slashes."""
    templates = sorted(document(boundary)["paths"], key=lambda template: ("{" in template, -len(template)))
    prefix = ".*" if boundary in PROVIDERS else ""
    return next((one for one in templates if re.fullmatch(prefix + _pattern(one), path)), None)


def _pattern(template: str) -> str:
    return re.sub(r"\\\{\w+\\\}", ".+", re.escape(template))


@cache
def _components(file: str) -> Mapping[str, Mapping[str, Any]]:
    """The components of a file, each reference with its file. Not to be changed."""
    parts = source(file.removesuffix(".yaml"))["components"]
    found: dict[str, dict[str, Any]] = with_references(
        parts, lambda text: file + text if text.startswith("#") else text
    )
    return found


def _bring(parts: dict[str, dict[str, Any]], reference: Reference) -> None:
    """Copy a component of another file into a document, and all that it refers to."""
    found, here = _components(reference.file)[reference.kind][reference.name], parts.setdefault(reference.kind, {})
    name = reference.local_name
    if here.get(name) == found:
        return
    if name in here and read_reference(str(here[name].get("$ref", ""))) != reference:
        raise ValueError(f"components/{reference.kind}/{name} is both shared and a document's own")
    here[name] = found
    for inner in references_in(found):
        _bring(parts, inner)


def _localised(node: Any) -> Any:
    return with_references(node, lambda text: str(read_reference(text)))


def _contents(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("content"), dict):
            yield node["content"]
        for value in node.values():
            yield from _contents(value)
