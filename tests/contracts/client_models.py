"""Compares the contracts' schemas with the types of the installed official clients, field by field."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from hopcheck_contracts.documents import Boundary, document, resolve

PLAIN = {
    datetime: "string",
    object: "any",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    types.NoneType: "null",
    dict: "object",
}


class Kinds:
    """What a value may be: JSON types, the words it may be if only some are allowed, and what is inside."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.words: set[str] | None = set()
        self.items: list[Any] = []
        self.members: list[Any] = []
        self.objects: list[Any] = []

    def any_word(self) -> None:
        self.types.add("string")
        self.words = None

    def a_word(self, *words: str) -> None:
        self.types.add("string")
        if self.words is not None:
            self.words |= set(words)


def kinds_of_annotation(annotation: Any, into: Kinds | None = None) -> Kinds:
    """What a client's field may hold."""
    kinds = into or Kinds()
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        for one in inner:
            kinds_of_annotation(one, kinds)
    elif origin is Annotated:
        kinds_of_annotation(inner[0], kinds)
    elif origin is Literal:
        kinds.a_word(*inner)
    elif origin is list:
        kinds.types.add("array")
        kinds.items.append(inner[0])
    elif origin is dict:
        kinds.types.add("object")
        kinds.members.append(inner[1])
    elif inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        kinds.types.add("object")
        kinds.objects.append(annotation)
    elif annotation is str:
        kinds.any_word()
    else:
        kinds.types.add(PLAIN[annotation])
    return kinds


def kinds_of_schema(boundary: Boundary, schema: Mapping[str, Any], into: Kinds | None = None) -> Kinds:
    """What the contract lets a value be; `objects` holds schemas, with their component's name where they have one."""
    kinds = into or Kinds()
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return kinds_of_schema(boundary, {"x-name": name, **resolve(boundary, schema)}, kinds)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        kinds_of_schema(boundary, one, kinds)
    named = schema.get("type", [])
    for name in [named] if isinstance(named, str) else named:
        _take_type(kinds, name, schema)
    return kinds


def _take_type(kinds: Kinds, name: str, schema: Mapping[str, Any]) -> None:
    words = [schema["const"]] if "const" in schema else schema.get("enum")
    if name == "string" and words is not None:
        kinds.a_word(*(word for word in words if word is not None))
    elif name == "string":
        kinds.any_word()
    else:
        kinds.types.add(name)
    if name == "array":
        kinds.items.append(schema["items"])
    elif name == "object" and "additionalProperties" in schema:
        kinds.members.append(schema["additionalProperties"])
    elif name == "object":
        kinds.objects.append(schema)


def differences(
    boundary: Boundary, schema_name: str, model: type[BaseModel], seen: set[Any] | None = None
) -> Iterator[str]:
    """Where a component and a client's model differ, one sentence each."""
    seen = set() if seen is None else seen
    if (schema_name, model) in seen:
        return
    seen.add((schema_name, model))
    schema = document(boundary)["components"]["schemas"][schema_name]
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    for name in sorted(properties.keys() | fields.keys()):
        where = f"{schema_name}.{name}"
        if name not in fields:
            yield f"{where}: the client doesn't know it"
        elif name not in properties:
            yield f"{where}: the contract doesn't know it"
        else:
            yield from _required(where, name in required, fields[name].is_required())
            theirs = kinds_of_annotation(fields[name].annotation)
            yield from _compare(boundary, where, kinds_of_schema(boundary, properties[name]), theirs, seen)


def _required(where: str, ours: bool, theirs: bool) -> Iterator[str]:
    if ours != theirs:
        yield f"{where}: required by the {'contract' if ours else 'client'} alone"


def _compare(boundary: Boundary, where: str, ours: Kinds, theirs: Kinds, seen: set[Any]) -> Iterator[str]:
    if ours.types != theirs.types:
        yield f"{where}: {sorted(ours.types)} in the contract, {sorted(theirs.types)} in the client"
    is_shared = where.endswith(".type") and (theirs.words or set()) <= (ours.words or set())  # by several kinds
    if ours.words != theirs.words and not is_shared:
        yield f"{where}: other words: {_words(ours)} in the contract, {_words(theirs)} in the client"
    for our_items, their_items in zip(ours.items, theirs.items, strict=False):
        yield from _compare(
            boundary, f"{where}[]", kinds_of_schema(boundary, our_items), kinds_of_annotation(their_items), seen
        )
    for our_values, their_values in zip(ours.members, theirs.members, strict=False):
        yield from _compare(
            boundary, f"{where}{{}}", kinds_of_schema(boundary, our_values), kinds_of_annotation(their_values), seen
        )
    yield from _compare_objects(boundary, where, ours, theirs, seen)


def _words(kinds: Kinds) -> Any:
    return "any" if kinds.words is None else sorted(kinds.words)


def _compare_objects(boundary: Boundary, where: str, ours: Kinds, theirs: Kinds, seen: set[Any]) -> Iterator[str]:
    """Pair alternatives by the word in their `type`; a single one needs none."""
    by_tag = {_schema_tag(schema): schema for schema in ours.objects}
    models = {_model_tag(model): model for model in theirs.objects}
    if len(by_tag) == len(models) == 1:
        by_tag, models = {"": next(iter(by_tag.values()))}, {"": next(iter(models.values()))}
    if by_tag.keys() != models.keys():
        yield f"{where}: objects {sorted(by_tag)} in the contract, {sorted(models)} in the client"
    for tag in by_tag.keys() & models.keys():
        if "x-name" in by_tag[tag]:
            yield from differences(boundary, by_tag[tag]["x-name"], models[tag], seen)
        else:
            yield f"{where}: not described in the contract"


def _schema_tag(schema: Mapping[str, Any]) -> str:
    return str(schema.get("properties", {}).get("type", {}).get("const", ""))


def _model_tag(model: type[BaseModel]) -> str:
    tag = model.model_fields.get("type")
    return str(get_args(tag.annotation)[0]) if tag and get_origin(tag.annotation) is Literal else ""
