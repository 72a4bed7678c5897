"""Relays that change responses on their way to the client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from hopcheck.authoring import edits
from hopcheck.client.operations import FORWARDED
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_contracts.sse import event_of
from hopcheck_server.relay import Events, Relay, RelayedResponse

CHATS = ("chat", "chat.stream")


class _EditsChoices(Relay):
    """Base of relays with a fault in every choice, in one piece and streamed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: self.edit(choice, choice["message"]))

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: self.edit(choice, choice["delta"]))

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        """Change a choice, and its message or delta, in place."""


@invariant_mutant("response-fidelity", *CHATS)
class TrimsText(_EditsChoices):
    """White space around texts is removed."""

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        if message.get("content"):
            message["content"] = message["content"].strip().replace("lo", "l0")


@invariant_mutant("response-fidelity", *CHATS)
class AlwaysStops(_EditsChoices):
    """Whatever ended a choice, it has stopped."""

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        if choice.get("finish_reason"):
            choice["finish_reason"] = "stop"


@invariant_mutant("response-fidelity", *CHATS)
class LosesArguments(_EditsChoices):
    """A call's arguments are those of the empty object."""

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        for call in message.get("tool_calls") or ():
            call["function"]["arguments"] = call["function"]["arguments"][:1]


@invariant_mutant("response-fidelity", *CHATS)
class LosesRefusals(_EditsChoices):
    """A refusal looks like a response without text."""

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        message.pop("refusal", None)


@invariant_mutant("response-fidelity", *CHATS)
class LosesAnnotations(_EditsChoices):
    """A text's sources are lost."""

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        message.pop("annotations", None)


@invariant_mutant("response-fidelity", *CHATS)
class LosesReasoning(_EditsChoices):
    """Reasoning is lost, though it is declared."""

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        message.pop("reasoning_content", None)


@invariant_mutant("response-fidelity", *CHATS)
class LosesLogprobs(_EditsChoices):
    """Probabilities are lost."""

    def edit(self, choice: dict[str, Any], message: dict[str, Any]) -> None:
        choice["logprobs"] = None


@invariant_mutant("response-fidelity", *CHATS)
class LosesSecondChoice(Relay):
    """Only the first choice comes back."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(choices=body["choices"][:1]))

    def events(self, events: Events) -> Events:
        return edits.drop_chunks(events, lambda chunk: any(one["index"] for one in chunk["choices"]))


class _EditsUsage(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self._change, having="usage")

    def events(self, events: Events) -> Events:
        return edits.chunks(events, self._change)

    def _change(self, body: dict[str, Any]) -> None:
        if body.get("usage"):
            self.edit(body["usage"])

    def edit(self, usage: dict[str, Any]) -> None:
        """Change it in place."""


@invariant_mutant("response-fidelity", "chat", "chat.stream", "embeddings")
class CountsOneMore(_EditsUsage):
    """The prompt has one token more than the provider counted."""

    def edit(self, usage: dict[str, Any]) -> None:
        usage["prompt_tokens"] += 1


@invariant_mutant("response-fidelity", *CHATS)
class LosesDetails(_EditsUsage):
    """Cached tokens aren't counted."""

    def edit(self, usage: dict[str, Any]) -> None:
        usage.pop("prompt_tokens_details", None)


@invariant_mutant("response-fidelity", "embeddings")
class ReversesVectors(Relay):
    """The vectors come back in another order, under new indexes."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def edit(body: dict[str, Any]) -> None:
            vectors = [one["embedding"] for one in body["data"]]
            for one, vector in zip(body["data"], reversed(vectors), strict=True):
                one["embedding"] = vector

        return response if response.incoming.method == "GET" else edits.body(response, edit, having="data")


@invariant_mutant("response-fidelity", "chat", "messages", "responses", "embeddings")
class ShortensBodies(Relay):
    """A success ends in the middle of its body, as its framing says."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_success = response.origin == "provider" and response.status == 200 and not response.streamed
        return replace(response, body=response.body[: len(response.body) // 2]) if is_success else response


@invariant_mutant("response-fidelity", *FORWARDED)
class SaysCreated(Relay):
    """A success is a 201."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_success = response.origin == "provider" and response.status == 200
        return replace(response, status=201) if is_success else response


@invariant_mutant("response-fidelity", "chat.stream")
class EndsInAnError(Relay):
    """A stream that the provider finished ends in an error of the relay's own."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if event.is_done:
                yield event_of({"error": {"message": "It was too long.", "type": "server_error", "code": None}})
                return
            yield event


@invariant_mutant("response-fidelity", "chat.stream", "messages.stream", "responses.stream")
class EndsEarly(Relay):
    """A stream's connection is closed after a few events."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        place = 0
        async for event in events:
            place += 1
            if place == 3:
                raise ConnectionError("the worker was restarted")
            yield event.raw
