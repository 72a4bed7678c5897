"""The references of OpenAPI documents, within a file and to others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

SHARED = "components.yaml"
"""The file with what several documents have; its components keep their names in each."""


class Reference(NamedTuple):
    """Where a `$ref` points: a component, and its file ("" for that of the reference)."""

    file: str
    kind: str
    name: str

    @property
    def local_name(self) -> str:
        """The component's name in a joined document; only shared ones keep theirs."""
        return self.name if self.file in ("", SHARED) else f"{self.file.removesuffix('.yaml')}.{self.name}"

    def __str__(self) -> str:
        """The `$ref` in a joined document."""
        return f"#/components/{self.kind}/{self.local_name}"


def read_reference(text: str) -> Reference:
    """Read a `$ref`, whatever folder it names its file in."""
    file, _, pointer = text.partition("#/components/")
    kind, _, name = pointer.partition("/")
    return Reference(file.rpartition("/")[2], kind, name)


def references_in(node: Any) -> Iterator[Reference]:
    """Every reference below a node."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield read_reference(node["$ref"])
        for value in node.values():
            yield from references_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from references_in(value)


def with_references(node: Any, change: Callable[[str], str]) -> Any:
    """Copy a node, with every reference changed; those of a discriminator stand under other keys."""
    if isinstance(node, Mapping):
        return {key: with_references(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [with_references(value, change) for value in node]
    return change(node) if isinstance(node, str) and "#/components/" in node else node
