"""What a gateway passes on as it came is the provider's: what is asked for beyond that is a SHOULD."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hopcheck import Events, Failure, IncomingRequest, Relay, RelayedResponse
from hopcheck.engine.verdict import Outcome
from hopcheck.gate.catalogue import all_cases


class RelaysResponses(Relay):
    """A provider's responses are passed on as they came, good or bad; requests are read."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.head is None:
            return await super().failed(incoming, failure)
        headers = [("Content-Type", failure.head.header("content-type") or "")]
        return RelayedResponse(incoming, failure.head.status, headers, failure.body)

    async def sound(self, events: Events) -> Events:
        async for event in events:
            yield event


class RelaysRequests(RelaysResponses):
    """Requests are left to the provider, too, whatever model they name."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        named = isinstance(incoming.json, dict) and isinstance(incoming.json.get("model"), str)
        return None if refusal and refusal.status in (400, 404) and named else refusal


class SaysForbidden(Relay):
    """A wrong key is refused with 403."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        return replace(refusal, status=403) if refusal and incoming.key else refusal


class WritesDetails(Relay):
    """A provider's error becomes a text of the gateway's own shape."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.head is None:
            return await super().failed(incoming, failure)
        headers = [("Content-Type", "application/json")]
        return RelayedResponse(incoming, failure.head.status, headers, b'{"detail": "The provider refused this."}')


RELAYED = (
    "chat.content-length-mismatch",
    "chat.invalid-upstream-json",
    "errors.code-type",
    "errors.shape",
    "errors.upstream-html",
    "stream.malformed-chunk",
)


@pytest.mark.parametrize("case_id", RELAYED)
def test_a_response_that_is_passed_on_is_advice(bench, case_id: str) -> None:
    verdict = bench.judge([all_cases()[case_id]], RelaysResponses)[case_id]
    assert (verdict.outcome, verdict.reason) == (Outcome.ADVISORY, "")
    assert verdict.occurrences == ()


@pytest.mark.parametrize("case_id", ["errors.missing-fields", "errors.unknown-model"])
def test_a_request_that_is_left_to_the_provider_is_advice(bench, case_id: str) -> None:
    verdict = bench.judge([all_cases()[case_id]], RelaysRequests)[case_id]
    assert [finding.check for finding in verdict.failed] == ["upstream attempts"]
    assert verdict.outcome is Outcome.ADVISORY


def test_a_403_for_a_wrong_key_is_advice(bench) -> None:
    verdict = bench.judge([all_cases()["auth.required"]], SaysForbidden)["auth.required"]
    assert [finding.check for finding in verdict.failed] == ["401 for a wrong key"]
    assert verdict.outcome is Outcome.ADVISORY


def test_an_error_in_another_shape_is_no_matter_of_its_coding(bench) -> None:
    verdict = bench.judge([all_cases()["http.content-encoding"]], WritesDetails)["http.content-encoding"]
    assert verdict.outcome is Outcome.CONFORMS
