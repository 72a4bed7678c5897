"""How a case's questions leave, and how its answers are read."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from hopcheck import Findings, OutgoingRequest, Relay, Response, Stream, Target, Untestable, expect, reply
from hopcheck.client.bodies import OMIT, chat_body, embedding_body, encode, marked
from hopcheck.client.config import TargetConfig
from hopcheck.client.providers.nonces import fixed_nonces, provider_of, random_nonces
from hopcheck.client.responses import SentRequest
from hopcheck.engine.verdict import Outcome
from hopcheck_server.upstream.dialects.registry import all_dialects
from hopcheck_server.upstream.script.marker import Marker

M = "hopcheck:a.b~~chat:1"
SENT = SentRequest("", "POST", "http://h/v1", (), b"", 0)


def stream(*data: str, status: int = 200, ended: str = "complete") -> Stream:
    body = "".join(f"data: {one}\n\n" for one in data).encode()
    return Stream(SENT, status, [("Content-Type", "text/event-stream")], [(1, body)], ended)


def chunk(**choice) -> str:
    return json.dumps({"choices": [{"index": 0, **choice}]})


@pytest.mark.parametrize(
    ("messages", "out"),
    [
        ([{"role": "user", "content": "hi"}], [{"role": "user", "content": f"hi {M}"}]),
        ([{"role": "user", "content": None}], [{"role": "user", "content": M}]),
        (
            [{"role": "user", "content": [{"type": "text", "text": "hi"}]}, {"role": "tool", "content": "x"}],
            [
                {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": M}]},
                {"role": "tool", "content": "x"},
            ],
        ),
        ([{"role": "system", "content": "x"}], [{"role": "system", "content": "x"}]),
        ([], []),
        ("odd", "odd"),
    ],
)
def test_the_marker_stands_in_the_last_user_message(messages, out) -> None:
    before = json.dumps(messages)
    assert marked(messages, M) == out
    assert json.dumps(messages) == before


def test_fields_replace_and_leave_out() -> None:
    body = chat_body("m", M, {"model": OMIT, "temperature": 0, "messages": OMIT, "stop": None})
    assert body == {"temperature": 0, "stop": None}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("a", f"a {M}"),
        (["a", "b"], ["a", f"b {M}"]),
        ([1, 2], [1, 2, *M.encode()]),
        ([[1], [2]], [[1], [2, *M.encode()]]),
    ],
)
def test_an_embedding_has_the_marker_in_its_last_input(given, sent) -> None:
    assert embedding_body("m", M, given, {})["input"] == sent


def test_bodies_are_compact_and_any_text_can_be_sent() -> None:
    assert encode({"a": ["é", "\ud800"]}) == b'{"a":["\xc3\xa9","\xed\xa0\x80"]}'


def test_nonces_differ_between_runs_or_never() -> None:
    first, second = random_nonces(), random_nonces()
    assert len({next(first), next(first), next(second), next(second)}) == 4
    assert [next(fixed_nonces()) for _ in range(2)] == ["n0", "n0"]


def test_a_fixed_nonce_names_its_provider() -> None:
    names = ["", *(dialect.name for dialect in all_dialects())]
    second = [list(islice(fixed_nonces(name), 2))[1] for name in names]
    assert len(set(second)) == len(names)
    assert [provider_of(str(Marker.make("a.b", "chat", nonce)).rpartition(":")[2]) for nonce in second] == names
    assert provider_of(next(random_nonces())) == provider_of("n0xnobody") == ""


def test_an_answer_is_asked_short_questions() -> None:
    body = b'{"error": {"message": "no", "key": "sk-1"}, "choices": []}'
    answer = Response(SENT, 400, [("X-A", "1"), ("x-a", "sk-1"), ("Content-Type", "Application/JSON; x")], [(1, body)])
    assert (answer.all("X-A"), answer.header("x-b"), answer.media_type) == (["1", "sk-1"], None, "application/json")
    assert answer.where("sk-1") == ["header x-a", "body"]
    assert (answer.where(""), answer.message, answer.error["message"]) == ([], None, "no")
    assert Response(SENT, 200, [], [(1, b"<html>\xff")]).json is None


def test_a_stream_is_summed_up_as_a_client_takes_it() -> None:
    sound = stream(chunk(delta={"content": "Hel"}), chunk(delta={"content": "lo"}, finish_reason="stop"), "[DONE]")
    assert sound.summary == {"text": "Hello", "finish": "stop", "done": True}
    assert sound.clean
    assert not sound.shows_failure
    assert not stream(chunk(delta={"content": "x"}), "[DONE]").clean
    assert stream("{no", "[DONE]").unreadable == ["{no"]
    assert stream('{"error": {"message": "x"}}').shows_failure
    assert stream(chunk(), ended="cut").shows_failure


@pytest.mark.parametrize("odd", ["[1]", "null", '"text"', '{"choices": 5}', '{"choices": [5]}', chunk(delta=5)])
def test_odd_chunks_break_no_question(odd: str) -> None:
    odd_stream = stream(odd, "[DONE]")
    assert (odd_stream.joined(), odd_stream.finishes(), odd_stream.tool_calls(), odd_stream.clean) == (
        "",
        [],
        [],
        False,
    )


def test_pieces_of_tool_calls_are_put_together() -> None:
    first = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a"'}}
    rest = {"index": 0, "function": {"arguments": ": 1}"}}
    odd_stream = stream(chunk(delta={"tool_calls": [first]}), chunk(delta={"tool_calls": [rest]}))
    assert odd_stream.tool_calls() == [
        {"index": 0, "id": "c", "type": "function", "name": "f", "arguments": '{"a": 1}'}
    ]


def test_the_target_asks_with_its_own_headers() -> None:
    target = Target(TargetConfig(name="t", base_url="http://h:1/x/v1", api_key="k", headers={"X-Own": "1"}), None)
    assert dict(target.headers()) == {"Host": "h:1", "Authorization": "Bearer k", "Accept": "*/*", "X-Own": "1"}
    assert "Authorization" not in dict(target.headers(""))
    assert dict(target.headers("other", {"Accept": "a"}))["Accept"] == "a"
    assert target.base_path == "/x/v1"


def test_what_needs_the_upstream_is_untestable_without_one(case, bench) -> None:
    @case("chat.one", level="MUST", refs=["a"])
    async def one(target: Target) -> Findings:
        """It looks behind."""
        await target.seen("hopcheck:a~~chat:1")
        yield expect("it", 1, equals=1)

    async def main():
        from hopcheck.engine.case_run import run_case

        return await run_case(one, bench.one_sided("http://127.0.0.1:1/v1"))

    verdict = bench.alone(main)
    assert (verdict.outcome, "no upstream of hopcheck's" in verdict.reason) == (Outcome.UNTESTABLE, True)


def test_what_arrived_is_seen(case, bench) -> None:
    @case("chat.one", level="MUST", refs=["a"], upstream={"": reply.chat("a"), "hang": reply.hang("headers")})
    async def one(target: Target) -> Findings:
        """It arrives."""
        answer = await target.chat.create(temperature=0)
        yield expect("forwarded", (await target.forwarded(answer)).json["temperature"], equals=0)
        async with await target.chat.open(script="hang") as live:
            arrived = await target.arrival(live.response.marker)
            yield expect("open", arrived.ended, equals="")
            live.hang_up()
        (ended,) = await target.seen(live.response)
        yield expect("hung up", ended.ended, equals="hung-up")
        try:
            await target.forwarded(await target.request("GET", "/models", marker="hopcheck:none~~chat:1"))
        except Untestable as untestable:
            yield expect("not there", str(untestable), contains="did not reach the upstream")

    verdict = bench.judge([one], Relay)["chat.one"]
    assert verdict.outcome is Outcome.CONFORMS, (verdict.reason, verdict.failed)
    assert len(bench.checks(verdict)) == 4


class SendsNewMessages(Relay):
    """The last message goes upstream without what follows its first sentence."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        body["messages"][-1]["content"] = body["messages"][-1]["content"].partition(" hopcheck:")[0]
        return outgoing.with_json(body)


def test_a_request_that_arrived_without_its_marker_is_named(case, bench) -> None:
    @case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("a"))
    async def one(target: Target) -> Findings:
        """It is forwarded."""
        answer = await target.chat.create(messages=[{"role": "user", "content": "Say nothing to anybody."}])
        yield expect("text", answer.at("choices", 0, "message", "content"), equals="a")

    @case("chat.two", level="MUST", refs=["a"], needs=["two_sided"])
    async def two(target: Target) -> Findings:
        """It is received."""
        answer = await target.chat.create(messages=[{"role": "user", "content": "Another text."}])
        yield expect("body", await target.received(answer), equals={})

    verdicts = bench.judge([one, two], SendsNewMessages)
    assert verdicts["chat.two"].outcome is Outcome.UNTESTABLE
    assert "arrived at the upstream without its marker" in verdicts["chat.two"].reason
    assert "hopcheck:chat.two" in verdicts["chat.two"].reason
    assert verdicts["chat.one"].outcome is Outcome.UNTESTABLE
    assert "Say nothing to anybody." in verdicts["chat.one"].reason
