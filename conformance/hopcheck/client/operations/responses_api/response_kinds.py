"""The operations of the Responses surface."""

from __future__ import annotations

from hopcheck.client.operations.kind import generating_pair, unless_declared
from hopcheck.client.operations.responses_api.response_requests import response_body
from hopcheck.client.operations.responses_api.response_results import ResponseObject, ResponseStream

RESPONSES_PATH = "/responses"

RESPONSES, RESPONSES_STREAM = generating_pair(
    name="responses",
    surface="responses",
    path=RESPONSES_PATH,
    body=response_body,
    response_class=ResponseObject,
    stream_class=ResponseStream,
    why_not_offered=unless_declared("responses"),
)
