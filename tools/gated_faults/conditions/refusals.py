"""A relay whose faults are in errors, refusals, limits and keys, for one form of them."""

from __future__ import annotations

from dataclasses import replace

from hopcheck import Failure, IncomingRequest, Relay, RelayedResponse
from tools.gated_faults.fault import Faults

FAULTS = Faults()


@FAULTS.fault(r"^errors\.other-forms.*statuses")
class EmptyErrorsAreTheGateways(Relay):
    """A provider's error with an empty body is a 502."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Change the status."""
        response = await super().failed(incoming, failure)
        if failure.kind == "status" and not failure.body.strip():
            response.status = 502
        return response


@FAULTS.fault(r"^(retry-after|errors\.retry-after|rate_limit\.upstream-retry-after)")
class WaitsAnHourAtMost(Relay):
    """A Retry-After of more than an hour isn't passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Drop it."""
        response = await super().response(response)
        asked = response.header("retry-after") or ""
        return response.with_header("Retry-After", None) if asked.isdigit() and int(asked) > 3600 else response


@FAULTS.fault(r"^errors\.(shape|content-type)|^http\.request-forms|^error-shape|^http\[.*media|^contract\.response")
class GreetsBrowsers(Relay):
    """An error for a client that takes HTML is a page."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Make it one."""
        response = await super().response(response)
        if response.status >= 400 and "text/html" in (response.incoming.header("accept") or ""):
            return replace(response, body=b"<h1>Error</h1>").with_header("Content-Type", "text/html")
        return response


@FAULTS.fault(r"^errors\.message-useful|^error-shape.*message")
class FormatsMessages(Relay):
    """A per cent sign in a provider's message is doubled."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Double it."""
        response = await super().failed(incoming, failure)
        return replace(response, body=response.body.replace(b"%", b"%%"))


@FAULTS.fault(r"^(identity.*request|http\.request-id)")
class NumbersRefusalsAlike(Relay):
    """Refusals of clients without a right key all have the same request id."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Name them all alike."""
        response = await super().response(response)
        return response.with_header("x-request-id", "unauthorized") if response.status == 401 else response


@FAULTS.fault(r"^(secrets|auth\.key-not-in-errors)")
class ChallengesWithTheKey(Relay):
    """What asks for a key quotes the one that was wrong."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Quote it."""
        response, key = await super().response(response), response.incoming.key
        if response.status == 401 and key.isascii() and key.isprintable() and key:
            return response.with_header("WWW-Authenticate", f"Bearer error_description={key}")
        return response


@FAULTS.fault(r"^auth\.key-not-in-logs")
class LogsLimitedKeys(Relay):
    """The log has the key of a client whose request was too much."""

    async def log(self, response: RelayedResponse) -> str:
        """Add it."""
        line = await super().log(response)
        return f"{line} {response.incoming.key}" if response.status == 429 else line


@FAULTS.fault(r"^auth\.required")
class TrustsConnections(Relay):
    """A connection on which a right key has come isn't asked for it again."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Trust it."""
        refusal = await super().authorize(incoming)
        trusted: set[int] = self.__dict__.setdefault("trusted", set())
        connection = incoming.exchange.connection
        if refusal is None and incoming.key:
            trusted.add(connection)
        return None if connection in trusted else refusal
