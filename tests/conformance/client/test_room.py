"""How much a case reads of all its responses together."""

from __future__ import annotations

import gzip
from dataclasses import replace

from hopcheck import Findings, Relay, RelayedResponse, Target, expect
from hopcheck.client.responses import Response, SentRequest
from hopcheck.client.session import MAX_BODY_BYTES
from hopcheck.engine.exchanges.exchange import MAX_INFLATED_BYTES, plain_body

LARGE = b" " * (MAX_BODY_BYTES * 2 // 3)


class AnswersAtLength(Relay):
    """Lists of models are long where a client asks for many."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return replace(response, body=response.body + LARGE) if response.incoming.header("x-many") else response


def test_what_is_too_much_in_all_is_not_read_further(case, bench) -> None:
    @case("chat.one", level="MUST", refs=["a"])
    async def long_lists(target: Target) -> Findings:
        """It asks for long lists."""
        many = {"X-Many": "1"}
        answers = [await target.request("GET", "/models", headers=more) for more in (many, many, None, many)]
        yield expect("ends", [one.ended for one in answers], equals=["complete", "too-large", "complete", "too-large"])
        details = {one.detail for one in answers if one.detail}
        sentence = "the responses of this case exceeded 6 MiB in all and were not read further"
        yield expect("details", details, equals={f"too-large: {sentence}"})

    verdict = bench.judge([long_lists], AnswersAtLength)["chat.one"]
    assert not verdict.failed


def test_a_body_that_becomes_too_large_is_unknown() -> None:
    def compressed(size: int) -> Response:
        sent = SentRequest("", "GET", "http://h/v1", (), b"", 0)
        return Response(sent, 200, [("Content-Encoding", "gzip")], [(1, gzip.compress(b"x" * size))], "complete")

    assert plain_body(compressed(5)) == b"xxxxx"
    assert plain_body(compressed(MAX_INFLATED_BYTES + 1)) is None
