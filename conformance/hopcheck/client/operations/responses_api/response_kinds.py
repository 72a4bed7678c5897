"""The operations of the Responses surface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.config import Declares, Models
from hopcheck.client.operations.kind import OperationKind, is_streamed
from hopcheck.client.operations.responses_api.response_requests import response_body
from hopcheck.client.operations.responses_api.response_results import ResponseObject, ResponseStream

RESPONSES_PATH = "/responses"


def _asks_response(_method: str, path: str, body: Any) -> bool:
    return path.endswith(RESPONSES_PATH) and not is_streamed(body)


def _asks_stream(_method: str, path: str, body: Any) -> bool:
    return path.endswith(RESPONSES_PATH) and is_streamed(body)


def _streamed_body(models: Models, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return response_body(models, marker, {"stream": True, **fields})


def _why_not_offered(declares: Declares) -> str:
    return "" if declares.responses else "the target does not declare `responses`"


RESPONSES = OperationKind(
    name="responses",
    surface="responses",
    method="POST",
    path=RESPONSES_PATH,
    generates=True,
    response_class=ResponseObject,
    body=response_body,
    matches=_asks_response,
    why_not_offered=_why_not_offered,
)

RESPONSES_STREAM = OperationKind(
    name="responses.stream",
    surface="responses",
    method="POST",
    path=RESPONSES_PATH,
    streams=True,
    generates=True,
    response_class=ResponseStream,
    body=_streamed_body,
    matches=_asks_stream,
    why_not_offered=_why_not_offered,
)
