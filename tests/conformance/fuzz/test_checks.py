"""Every check can fail, and none minds a healthy relay: fixed examples on relays that are wrong in one way."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from hopcheck import Relay, RelayedResponse
from hopcheck.authoring.findings import Finding
from hopcheck.client import SessionOptions, Target
from hopcheck.fuzz import operations as ops
from hopcheck.fuzz.checks import judge
from hopcheck.fuzz.example import NOTHING, Example
from hopcheck.fuzz.generation.chat_responses import chunks_of
from hopcheck.fuzz.player import play
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay import errors
from hopcheck_server.relay.messages import IncomingRequest, OutgoingRequest
from hopcheck_server.upstream.script.turns import Embedding, Turn

BODY: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": " Hi ", "refusal": "No."}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
CHAT_BODY = {"model": "fake-model", "messages": [{"role": "system", "content": "x"}], "temperature": 0, "user": "u"}
STREAM_BODY = {**CHAT_BODY, "stream": True, "n": 1, "stream_options": {"include_usage": True}}

CHAT = Example(ops.CHAT.id, "POST", "/chat/completions", CHAT_BODY, turn=Turn(body=json.dumps(BODY).encode()))
STREAM = replace(CHAT, body=STREAM_BODY, turn=Turn(events=tuple(chunks_of(BODY, (1,), usage=True))))
EMBEDDING = Example(
    ops.EMBEDDINGS.id,
    "POST",
    "/embeddings",
    {"model": "fake-embedding", "input": [[1, 2], [3]], "encoding_format": "base64", "dimensions": 2},
    turn=Turn(embedding=Embedding(vectors=((0.5, -0.25),), usage={"prompt_tokens": 1, "total_tokens": 1})),
)
REFUSAL = Example(ops.CHAT_REFUSALS.id, "POST", "/chat/completions", {"messages": []})
NO_OBJECT = replace(REFUSAL, body=[5])
NO_JSON = replace(REFUSAL, body=b"\x00")
EMBEDDING_REFUSAL = Example(ops.EMBEDDINGS_REFUSALS.id, "POST", "/embeddings", {"input": 5})
MODELS = Example(ops.MODELS.id, "GET", "/models", NOTHING, (("x-request-id", "r"),))
MODEL = Example(ops.ONE_MODEL.id, "GET", "/models/fake-model")
NO_MODEL = replace(MODEL, path="/models/no%2Fmodel")
ROUTE = Example(ops.ROUTES.id, "DELETE", "/chat/completions")

ALL = (CHAT, STREAM, EMBEDDING, REFUSAL, NO_OBJECT, NO_JSON, EMBEDDING_REFUSAL, MODELS, MODEL, NO_MODEL, ROUTE)


class Changed(Relay):
    """Answers in one piece are changed."""

    def change(self, body: dict[str, Any]) -> None:
        raise NotImplementedError

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if not isinstance(body := response.json, dict) or response.status != 200:
            return response
        self.change(body)
        return response.with_json(body)


class Strips(Changed):
    def change(self, body: dict[str, Any]) -> None:
        message = body["choices"][0]["message"]
        message["content"] = message["content"].strip()


class DropsRefusals(Changed):
    def change(self, body: dict[str, Any]) -> None:
        del body["choices"][0]["message"]["refusal"]


class ForgetsTheId(Changed):
    def change(self, body: dict[str, Any]) -> None:
        body.pop("id", None)


class RoundsVectors(Changed):
    def change(self, body: dict[str, Any]) -> None:
        body["data"].pop()


class SwapsModels(Changed):
    def change(self, body: dict[str, Any]) -> None:
        body["id"] = "another"


class Sends(Relay):
    """The request is changed."""

    def change(self, body: dict[str, Any]) -> None:
        raise NotImplementedError

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        self.change(body)
        return outgoing.with_json(body)


class DropsZeros(Sends):
    def change(self, body: dict[str, Any]) -> None:
        body.pop("temperature", None)


class DropsUsers(Sends):
    def change(self, body: dict[str, Any]) -> None:
        body.pop("user", None)


class AsksTwice(Relay):
    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        await self._provider.attempt(outgoing, self.config.timeout_s)
        return outgoing


class Refuses(Relay):
    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return errors.refuse(incoming, 400, "I'd rather not.")


class Answers(Relay):
    """Everything gets the same answer."""

    status, body = 200, b"{}"

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return RelayedResponse(incoming, self.status, [("Content-Type", "application/json")], self.body)


class Fails(Answers):
    status, body = 500, json.dumps(errors.error_body("oh", 500)).encode()


class SaysForbidden(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return errors.refuse(response.incoming, 403, "Now I'd rather not.")


class TellsKeys(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-debug", self.config.upstream_key)


class Leaves(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        response.incoming.exchange.abort()
        return response


class ForwardsAll(Relay):
    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None


class SaysDoneTwice(Relay):
    async def frames(self, events: Any) -> Any:
        async for frame in super().frames(events):
            yield frame
        yield b"data: [DONE]\n\n"


WRONG: dict[str, tuple[type[Relay], Example, str]] = {
    "a whole answer": (Leaves, CHAT, ops.WHOLE),
    "secrets": (TellsKeys, CHAT, ops.SECRETS),
    "server errors": (Fails, CHAT, ops.SERVER_ERRORS),
    "contract": (ForgetsTheId, CHAT, ops.CONTRACT),
    "accepted": (Refuses, CHAT, ops.ACCEPTED),
    "status": (SaysForbidden, CHAT, ops.STATUS),
    "attempts": (AsksTwice, CHAT, ops.ATTEMPTS),
    "request": (DropsZeros, CHAT, ops.REQUEST),
    "more of the request": (DropsUsers, CHAT, ops.MORE_REQUEST),
    "grammar": (SaysDoneTwice, STREAM, ops.GRAMMAR),
    "answer": (Strips, CHAT, ops.ANSWER),
    "more of the answer": (DropsRefusals, CHAT, ops.MORE_ANSWER),
    "vectors": (RoundsVectors, EMBEDDING, ops.ANSWER),
    "refused": (Answers, REFUSAL, ops.REFUSED),
    "forwarded": (ForwardsAll, REFUSAL, ops.STOPPED),
    "another model": (SwapsModels, MODEL, ops.MODEL),
    "route": (Answers, ROUTE, ops.ROUTE),
}

# The invariants are judged on all exchanges of a search, not on an example: test_invariants.py has them.
KNOWN = {check for operation in ops.OPERATIONS.values() for check in operation.checks} - {ops.INVARIANTS}


def judged(relay: type[Relay], *examples: Example) -> list[Finding]:
    async def main() -> list[Finding]:
        async with RelayHost({"relay": relay}, []) as bench:
            context = bench.context("relay")
            findings: list[Finding] = []
            for example in examples:
                options = SessionOptions(case_id=example.operation, read_timeout_s=5)
                target = Target(context.config, context.control, options)
                played = await play(example, target, context.control)
                findings += judge(played, context.config, (context.config.api_key,))
            return findings

    return asyncio.run(main())


def test_a_healthy_relay_passes_every_check() -> None:
    findings = judged(Relay, *ALL)
    assert [one for one in findings if not one.ok] == []
    assert {one.check for one in findings} == KNOWN


@pytest.mark.parametrize("name", WRONG)
def test_each_check_can_fail(name: str) -> None:
    relay, example, check = WRONG[name]
    wrong = {one.check for one in judged(relay, example) if not one.ok}
    assert check in wrong


def test_no_check_is_without_a_relay_that_fails_it() -> None:
    assert {check for _, _, check in WRONG.values()} == KNOWN


def test_a_key_in_the_providers_own_text_is_no_leak() -> None:
    body = json.dumps({**BODY, "model": "hopcheck-client-key"}).encode()
    findings = judged(Relay, replace(CHAT, turn=Turn(body=body)))
    assert [one for one in findings if not one.ok] == []


def test_what_a_target_declares_is_not_held_against_it() -> None:
    class Drops(DropsUsers):
        declares: ClassVar = {"drops": ("user",)}

    mapped = replace(CHAT, body={**CHAT_BODY, "model": "alias-model"})
    assert [one for one in judged(Drops, CHAT, mapped) if not one.ok] == []
