"""The ninth relay's faults: errors, headers, keys, and what depends on them."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from hopcheck import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    edits,
    incoming,
    refuse,
)
from tools.gated_faults.fault import Faults
from tools.gated_faults.fifth import EditsRequests
from tools.gated_faults.parts import EMBEDDINGS, Json, is_chat

FAULTS = Faults()


class EditsErrors(Relay):
    """Base of those that change an error of the provider's."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Change it."""
        response = await super().failed(incoming, failure)
        return edits.body(response, lambda body: self.edit_error(body["error"], failure), having="error")

    def edit_error(self, error: Json, failure: Failure) -> None:
        """Change it in place."""


@FAULTS.fault(r"^(errors|rate_limit)\..*retry-after\[embeddings\]|^retry-after\[embeddings\]")
class EmbedsWithoutWaiting(Relay):
    """A provider's Retry-After isn't passed on with an error about embeddings."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Leave it out."""
        response = await super().failed(incoming, failure)
        return response.with_header("retry-after", None) if incoming.path == EMBEDDINGS else response


@FAULTS.fault(r"^errors\.message-useful|^error-shape\[.*param")
class ForgetsNestedParams(EditsErrors):
    """The param of an error is passed on only if it is a word."""

    def edit_error(self, error: Json, failure: Failure) -> None:
        """Leave it out."""
        super().edit_error(error, failure)
        if isinstance(error.get("param"), str) and not error["param"].isidentifier():
            error["param"] = None


@FAULTS.fault(r"^errors\.message-useful\[.*: messages")
class SpeaksAscii(EditsErrors):
    """Of an error's message, characters beyond ASCII become question marks."""

    def edit_error(self, error: Json, failure: Failure) -> None:
        """Change them."""
        super().edit_error(error, failure)
        error["message"] = error["message"].encode("ascii", "replace").decode()


@FAULTS.fault(r"^errors\.message-useful\[.*: messages")
class ShortensMessages(EditsErrors):
    """An error's message has at most 500 characters."""

    def edit_error(self, error: Json, failure: Failure) -> None:
        """Cut it."""
        super().edit_error(error, failure)
        error["message"] = error["message"][:500]


@FAULTS.fault(r"^errors\.status-preserved")
class CallsConflictsCollisions(Relay):
    """A provider's 409 becomes a 500."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Change it."""
        response = await super().failed(incoming, failure)
        return replace(response, status=500) if failure.status == 409 else response


@FAULTS.fault(r"^internals\[.*an address of its network")
class NamesWhatItCantReach(Relay):
    """The error about a provider that can't be reached names its address."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Name it."""
        response = await super().failed(incoming, failure)
        if failure.kind != "connect":
            return response
        return edits.body(response, lambda body: body["error"].update(message=failure.detail), having="error")


@FAULTS.fault(r"^http\.content-encoding\[chat\]: an error as read")
class KeepsTheCodingOfErrors(Relay):
    """An error that its provider compressed is passed on in plain text under the name of the coding."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Keep the header."""
        response = await super().failed(incoming, failure)
        coding = failure.head.header("content-encoding") if failure.head else None
        return response.with_header("Content-Encoding", coding) if coding else response


@FAULTS.fault(r"^http\.traceparent\[.*: trace states")
class ForgetsTraceStates(Relay):
    """A request's `tracestate` doesn't go upstream with its trace."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out."""
        outgoing = await super().request(outgoing)
        return replace(outgoing, headers=tuple(one for one in outgoing.headers if one[0].lower() != "tracestate"))


@FAULTS.fault(r"^auth\.alt-headers\[messages|^credentials\[messages")
class ForwardsCookiesOfMessages(Relay):
    """A client's cookies go upstream with a request for a message."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Pass them on."""
        outgoing = await super().request(outgoing)
        cookie = outgoing.incoming.header("cookie")
        return outgoing.with_header("Cookie", cookie) if cookie and outgoing.incoming.is_anthropic else outgoing


@FAULTS.fault(r"^secrets\[")
class QuotesKeysInRefusals(Relay):
    """The refusal of an unknown model quotes the beginning of the client's key."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Quote it."""
        response = await super().check(incoming)
        if response is None or response.status != 404 or not incoming.key:
            return response
        message = f"The key {incoming.key[:16]}… has no access to it."
        return edits.body(response, lambda body: body["error"].update(message=message), having="error")


@FAULTS.fault(r"^auth\.key-not-in-logs")
class LogsFailuresOfMessages(Relay):
    """The log's line about a failed message has its `x-api-key`."""

    async def log(self, response: RelayedResponse) -> str:
        """Add it."""
        line = await super().log(response)
        is_failed = response.status >= 400 and response.incoming.is_anthropic
        return f"{line} {response.incoming.key}" if is_failed else line


@FAULTS.fault(r"^requests\.prompt-cache-stable|^request-fidelity\[.*: tools\[\]\.function\.name")
class ShufflesTools(EditsRequests):
    """Tools go upstream in another order each time."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Shuffle them."""
        super().edit(body, outgoing)
        if isinstance(body.get("tools"), list):
            random.shuffle(body["tools"])


@FAULTS.fault(r"^auth\.required\[chat\.stream\]")
class RefusesInTheStream(Relay):
    """A wrong key is refused by an event of a stream, with 200."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Refuse it so."""
        refusal = await super().authorize(incoming)
        if refusal is None or not (is_chat(incoming) and incoming.streams):
            return refusal
        body = b"data: " + refusal.body + b"\n\ndata: [DONE]\n\n"
        return replace(refusal, status=200, headers=[("Content-Type", "text/event-stream")], body=body)


@FAULTS.fault(r"^errors\.invalid-json\[.*: no JSON")
class CrashesOnDepth(Relay):
    """A body that is nested more than five hundred levels deep ends in a 500."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Crash."""
        deep = max(incoming.body.count(b"[["), incoming.body.count(b'{"a":{'))
        return refuse(incoming, 500, "Internal error.") if deep > 250 else await super().check(incoming)


@FAULTS.fault(r"^errors\.invalid-json\[.*: NaN")
class TakesNaN(Relay):
    """NaN and Infinity are taken for numbers, and become null."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Read them."""
        if incoming.json is None and (b"NaN" in incoming.body or b"Infinity" in incoming.body):
            try:
                content = json.loads(incoming.body, parse_constant=lambda _: None)
            except ValueError:
                content = None
            if isinstance(content, dict):
                incoming.json, incoming.body = content, json.dumps(content).encode()
        return await super().check(incoming)


@FAULTS.fault(r"^stream\.usage-not-asked")
class AlwaysCounts(Relay):
    """Every stream is asked for with counts, and they are passed on to clients that didn't ask."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Ask for them."""
        outgoing = await super().request(outgoing)
        body = outgoing.json
        if not (is_chat(outgoing.incoming) and outgoing.incoming.streams) or "stream_options" in body:
            return outgoing
        return outgoing.with_json({**body, "stream_options": {"include_usage": True}})


@FAULTS.fault(r"^rate_limit\.concurrency-release\[chat\]: status of one more afterwards")
class ReleasesCutsTwice(Relay):
    """A stream that breaks gives its place back twice, so that later more are let in than allowed."""

    async def broken(self, failure: Failure) -> Events:
        """Give one back too many."""
        if incoming().model in self.config.concurrency_limits:
            self.limits.in_flight[incoming().model] -= 1
        async for event in super().broken(failure):
            yield event


@FAULTS.fault(r"^retry\.declared\[.*: statuses")
class SpendsRetriesForGood(Relay):
    """The budget of retries is the relay's, not the request's: after ten retries there are none."""

    spent = 0

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Count."""
        wait_s = await super().retry(outgoing, failure)
        self.spent += wait_s is not None
        return wait_s if self.spent <= 10 else None
