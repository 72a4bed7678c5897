"""Holds messages against the contract of a boundary: requests, answers with their headers, and single stream events.

All functions are pure and give violations, an empty list where nothing is violated. Schemas are compiled
when they are first needed, and kept. What one message can't show, the order of a stream's events, is judged by
`hopcheck_contracts.grammar`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, NoReturn
from urllib.parse import unquote

import jsonschema_rs

from hopcheck_contracts.bounded_json import loads, shared_json
from hopcheck_contracts.documents import (
    Contract,
    DocumentedOperation,
    document,
    find_operation,
    resolve,
    surface_of,
)
from hopcheck_contracts.event_kinds import event_schema_name
from hopcheck_contracts.sse import DONE_DATA
from hopcheck_contracts.violations import Violation, read_errors, shown

Headers = Iterable[tuple[str, str]]

BODY = "the body"
EVENT = "the event"
JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream"

_ERRORS: dict[Contract, str] = {"litellm": "Failure", "anthropic-messages": "ErrorResponse"}  # else it is `Error`
_WITHOUT_DONE = frozenset[Contract]({"anthropic-messages", "upstream/gemini", "upstream/ollama"})
KEPT_CHARACTERS = 4096
"""Of events and bodies that are shorter, what is wrong is kept: the same one is met on both sides of a target."""

_BODILESS = frozenset({204, 205, 304})


class Schema:
    """One compiled schema."""

    def __init__(self, boundary: Contract, schema: Mapping[str, Any], where: str = BODY) -> None:
        """Compile `schema`, whose references are those of the boundary's document; raises ValueError if it is none."""
        shared = {"components": {"schemas": document(boundary)["components"].get("schemas", {})}}
        self._validator = jsonschema_rs.Draft202012Validator({**schema, **shared})
        self._where = where

    def violations(self, value: Any) -> list[Violation]:
        """What is wrong with a JSON value."""
        try:
            return self._violations(value)
        except UnicodeEncodeError:  # the validator can't take names of members that hold half a surrogate pair
            return self._violations(_encodable(value))

    def _violations(self, value: Any) -> list[Violation]:
        if self._validator.is_valid(value):
            return []
        return read_errors(self._validator.iter_errors(value), self._where)


@cache
def named_schema(boundary: Contract, name: str, where: str = BODY) -> Schema:
    """A component of a boundary's document, compiled."""
    resolve(boundary, {"$ref": f"#/components/schemas/{name}"})  # a KeyError here says more than a validator would
    return Schema(boundary, {"$ref": f"#/components/schemas/{name}"}, where)


def validate_response(
    boundary: Contract, method: str, path: str, status: int, body: Any, headers: Headers = ()
) -> list[Violation]:
    """Hold an answer in one piece against the contract.

    Args:
        boundary: Whose contract.
        method: Of the request.
        path: Of the request; see `find_operation`. One that the contract doesn't know owes an error's shape alone.
        status: Of the answer.
        body: The answer's JSON, parsed.
        headers: The answer's, if they are to be judged, too.
    """
    answer = _answer(boundary, method, path, status)
    return [*answer.header_violations(headers), *answer.body_violations(body)]


def validate_raw_response(
    boundary: Contract, method: str, path: str, status: int, headers: Headers, raw: bytes
) -> list[Violation]:
    """Hold an answer as it was on the wire against the contract: media type, JSON, and all of `validate_response`.

    Of an event stream the head alone is judged: its events are for `validate_event`.

    Args:
        boundary: Whose contract.
        method: Of the request.
        path: Of the request.
        status: Of the answer.
        headers: The answer's, any case.
        raw: The answer's body, decoded if it was compressed.
    """
    given = [(name.lower(), value) for name, value in headers]
    answer = _answer(boundary, method, path, status)
    violations = answer.header_violations(given)
    if method.upper() == "HEAD" or status in _BODILESS or (answer.found is None and status < 400):
        return violations
    media_type = next((value for name, value in given if name == "content-type"), "").partition(";")[0].strip().lower()
    allowed = list((answer.found or {}).get("content", {JSON_TYPE: {}}))
    if media_type not in allowed:
        return [*violations, Violation("content-type", f"expected {' or '.join(allowed)}, not {shown(media_type)}")]
    if media_type != JSON_TYPE:
        return violations
    judge = _kept_body_violations if len(raw) < KEPT_CHARACTERS else _body_violations
    return [*violations, *judge(answer, raw)]


def _body_violations(answer: _DocumentedAnswer, raw: bytes) -> tuple[Violation, ...]:
    body, fault = _parse(raw, BODY)
    return (fault,) if fault else tuple(answer.body_violations(body))


_kept_body_violations = lru_cache(64)(_body_violations)


def validate_event(boundary: Contract, data: str) -> list[Violation]:
    """Hold one event's data, or one line, against the contract: a piece of an answer, an error, or `[DONE]`."""
    if data.strip() == DONE_DATA and boundary not in _WITHOUT_DONE:
        return []
    return list(_event_violations(boundary, data) if len(data) < KEPT_CHARACTERS else _violations(boundary, data))


@lru_cache(512)
def _event_violations(boundary: Contract, data: str) -> tuple[Violation, ...]:
    return _violations(boundary, data)


def _violations(boundary: Contract, data: str) -> tuple[Violation, ...]:
    payload, fault = _parse(data, EVENT)
    return (fault,) if fault else tuple(validate_payload(boundary, payload))


def validate_payload(boundary: Contract, payload: Any) -> list[Violation]:
    """Hold one event's JSON against the contract."""
    return named_schema(boundary, event_schema_name(boundary, payload), EVENT).violations(payload)


def validate_request(boundary: Contract, method: str, path: str, body: Any) -> list[Violation]:
    """Hold a request's JSON against the contract; it has no violations where it describes no body."""
    operation = find_operation(boundary, method, path)
    schema = _request_schema(operation, "schema") if operation else None
    return schema.violations(body) if schema else []


def validate_upstream_request(path: str, body: Any, method: str = "POST") -> list[Violation]:
    """Hold what a proxy sends to its provider against what a provider may expect."""
    _, azure, rest = path.partition("/openai/deployments/")
    if azure and isinstance(body, dict):  # for Azure, the path names the model
        body = {"model": unquote(rest.partition("/")[0]), **body}
    return validate_request(surface_of(path), method, path, body)


def must_refuse(boundary: Contract, method: str, path: str, body: Any) -> list[Violation]:
    """Why a proxy itself has to refuse a request, before its provider hears of it; empty where it needn't."""
    operation = find_operation(boundary, method, path)
    schema = _request_schema(operation, "x-must-refuse-unless") if operation else None
    return schema.violations(body) if schema else []


class _DocumentedAnswer:
    """What a contract says of the answer to a request.

    Attributes:
        found: The response object for the status; None where the contract knows no such operation or status.
    """

    def __init__(self, boundary: Contract, found: Mapping[str, Any] | None, status: int) -> None:
        self.found = found
        self._boundary = boundary
        self._status = status
        self._headers = (found or {}).get("headers", {})

    @cached_property
    def _body_schema(self) -> Schema | None:
        if self.found is None:
            return named_schema(self._boundary, _ERRORS.get(self._boundary, "Error")) if self._status >= 400 else None
        content = self.found.get("content", {}).get(JSON_TYPE)
        return _compiled(self._boundary, json.dumps(content["schema"])) if content else None

    @cached_property
    def _header_schemas(self) -> Mapping[str, tuple[Schema, str]]:
        described = {name: json.dumps(resolve(self._boundary, one)["schema"]) for name, one in self._headers.items()}
        return {
            name: (_compiled(self._boundary, schema, f"header {name}"), schema) for name, schema in described.items()
        }

    def body_violations(self, body: Any) -> list[Violation]:
        """What is wrong with the answer's JSON."""
        return self._body_schema.violations(body) if self._body_schema else []

    def header_violations(self, headers: Headers) -> list[Violation]:
        """What is wrong with those of its headers that are described."""
        violations = []
        for name, value in headers if self._headers else ():
            if name.lower() in self._headers:
                schema, text = self._header_schemas[name.lower()]
                violations += schema.violations(_typed(text, value))
        return violations


def is_valid_request(boundary: Contract, method: str, path: str, raw: bytes) -> bool:
    """Whether a request's JSON keeps the contract, and a proxy needn't refuse it; of short ones that is kept."""
    judge = _keeps_contract if len(raw) < KEPT_CHARACTERS else _keeps_contract.__wrapped__
    return judge(boundary, method, path, raw)


@lru_cache(64)
def _keeps_contract(boundary: Contract, method: str, path: str, raw: bytes) -> bool:
    body = shared_json(raw)
    return not (validate_request(boundary, method, path, body) or must_refuse(boundary, method, path, body))


@lru_cache(1024)
def _answer(boundary: Contract, method: str, path: str, status: int) -> _DocumentedAnswer:
    known = find_operation(boundary, method, path) or (
        find_operation(boundary, "GET", path) if method.upper() == "HEAD" else None
    )
    answers = known.definition["responses"] if known else {}
    return _DocumentedAnswer(boundary, resolve(boundary, answers.get(str(status), answers.get("default"))), status)


@lru_cache(1024)
def _request_schema(operation: DocumentedOperation, keyword: str) -> Schema | None:
    body = operation.definition.get("requestBody")
    schema = body and body["content"][JSON_TYPE].get(keyword)
    return _compiled(operation.boundary, json.dumps(schema)) if schema else None


@cache
def _compiled(boundary: Contract, schema: str, where: str = BODY) -> Schema:
    return Schema(boundary, json.loads(schema), where)


def _typed(schema: str, value: str) -> Any:
    """A header's value as its schema has it: headers are text, some of them a number's."""
    if '"integer"' not in schema:
        return value
    try:
        return int(value)
    except ValueError:
        return value


def _parse(text: str | bytes, where: str) -> tuple[Any, Violation | None]:
    if not _may_hold_constants(text) and (shared := shared_json(text)) is not None:
        return shared, None
    try:
        return loads(text, _refuse), None
    except ValueError:
        sample = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return None, Violation(where, f"is not JSON: {shown(sample)}" if sample else "is empty")


def _may_hold_constants(text: str | bytes) -> bool:
    """Whether there may be numbers that JSON hasn't; in UTF-16 and UTF-32 nobody looks for them."""
    if isinstance(text, str):
        return "NaN" in text or "Infinity" in text
    return b"NaN" in text or b"Infinity" in text or b"\0" in text


def _encodable(value: Any) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace"))


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
