"""A relay whose faults show when an attempt has failed, or depend on what is asked next to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hopcheck import Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse
from tools.gated_faults.conditions.edit_bases import EditsRequests
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import Json

FAULTS = Faults()


@FAULTS.fault(r"x_attempt|^requests\.no-internal-params")
class CountsTriesInTheBody(EditsRequests):
    """A retry says in its body which one it is."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Add the number."""
        if outgoing.attempt > 1:
            body["x_attempt"] = outgoing.attempt


@FAULTS.fault(r"^(credentials|auth\.not-forwarded)")
class RetriesWithTheClientsKey(Relay):
    """A retry has the client's key in a header, for the provider's log."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Add it."""
        outgoing = await super().request(outgoing)
        if outgoing.attempt > 1:
            return outgoing.with_header("X-Original-Authorization", f"Bearer {outgoing.incoming.key}")
        return outgoing


@FAULTS.fault(r"^(credentials.*(other|account|key)|auth\.upstream-key-used)")
class RoutesToolsByAnotherKey(Relay):
    """Requests with tools go upstream with the key of another account."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Exchange the key."""
        outgoing = await super().request(outgoing)
        if outgoing.json.get("tools") and not outgoing.incoming.is_anthropic:
            return outgoing.with_header("Authorization", f"Bearer {self.config.direct_key}")
        return outgoing


@FAULTS.fault(r"^(credentials.*cookie|auth\.alt-headers)")
class SendsCookiesWithRetries(Relay):
    """A retry has the client's cookies."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Add them."""
        outgoing, cookie = await super().request(outgoing), outgoing.incoming.header("cookie")
        return outgoing.with_header("Cookie", cookie) if cookie and outgoing.attempt > 1 else outgoing


@FAULTS.fault(r"^retry\.declared.*trace")
class TracesTheFirstAttempt(Relay):
    """A retry goes upstream without the request's trace."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave it out."""
        outgoing = await super().request(outgoing)
        kept = tuple(pair for pair in outgoing.headers if pair[0].lower() != "traceparent" or outgoing.attempt == 1)
        return replace(outgoing, headers=kept)


@FAULTS.fault(r"^retry\.budget|^attempts.*more")
class TriesToolsOnceMore(Relay):
    """A request with tools gets an attempt more than is declared."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Try once more."""
        wait_s = await super().retry(outgoing, failure)
        last = outgoing.attempt_on_model == self.config.retries + 1 and failure.status >= 500
        return 0.0 if wait_s is None and last and outgoing.json.get("tools") else wait_s


@FAULTS.fault(r"^retry\.declared.*statuses")
class NeverTriesChoicesAgain(Relay):
    """Requests for several choices aren't tried again, since they are expensive."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        """Give up."""
        return None if outgoing.json.get("n") else await super().retry(outgoing, failure)


@FAULTS.fault(r"^timeout\.ttfb")
class WaitsLongerForTools(Relay):
    """A request with tools may take five times as long."""

    async def _obtain(self, outgoing: OutgoingRequest) -> Any:
        before = self.config
        if outgoing.json.get("tools"):
            self.config = replace(before, timeouts={name: 5 * value for name, value in before.timeouts.items()})
        try:
            return await super()._obtain(outgoing)
        finally:
            self.config = before


@FAULTS.fault(r"^cache\.")
class RemembersSeeds(Relay):
    """Answers to requests with a seed and a temperature of 0 are remembered."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Answer from memory."""
        known = self.__dict__.setdefault("seeded", {}).get(incoming.body)
        return replace(known, incoming=incoming) if known else await super().check(incoming)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Remember a success."""
        response, asked = await super().response(response), response.incoming.json or {}
        if "seed" in asked and asked.get("temperature") == 0 and response.status == 200 and not response.streamed:
            self.__dict__.setdefault("seeded", {})[response.incoming.body] = response
        return response
