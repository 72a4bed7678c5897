"""Mutants whose fault shows in a retry, in a fallback, or in the next request of a connection."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hopcheck import Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, refuse
from hopcheck.selftest.independent import violates

from .conditions_requests import EditsRequests

Json = dict[str, Any]


@violates("retry.model-name")
class RetriesByTheClientsName(EditsRequests):
    """A retry of a model whose provider has another name for it uses that of the clients."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        if outgoing.attempt_on_model > 1:
            body["model"] = outgoing.model


@violates("fallback.same-request")
class FallsBackByTheClientsName(EditsRequests):
    """The fallback is asked by the name that clients have for it."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        if outgoing.model != outgoing.incoming.model and outgoing.incoming.model:
            body["model"] = outgoing.model


@violates("fallback.same-request")
class CoolsDown(EditsRequests):
    """The fallback isn't given the temperature."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        if outgoing.model != outgoing.incoming.model and outgoing.incoming.model:
            body.pop("temperature", None)


@violates("retry.budget")
class ObeysAtOnce(Relay):
    """A retry that the provider asks for at once isn't counted."""

    async def retry(self, outgoing: OutgoingRequest, failure: Failure) -> float | None:
        if failure.retry_after_s == 0 and outgoing.attempt < 12:
            return 0.01
        return await super().retry(outgoing, failure)


@violates("http.keepalive", everywhere=True)
class KeepsTemperatures(EditsRequests):
    """The temperature of a connection's first chat holds for its others."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        known: dict[int, Any] = self.__dict__.setdefault("temperatures", {})
        first = known.setdefault(outgoing.incoming.exchange.connection, body.get("temperature"))
        if first is not None and outgoing.incoming.path == "/v1/chat/completions":
            body["temperature"] = first


@violates("auth.required", on="count_tokens")
class CountsForStrangers(Relay):
    """A count of tokens needs no key."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_count = incoming.path.endswith("/count_tokens")
        return None if is_count else await super().authorize(incoming)


@violates("auth.stored-responses")
class ShowsWhatIsStored(Relay):
    """A stored response is shown to who knows its id."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_stored = incoming.path.startswith("/v1/responses/") and incoming.method == "GET"
        return None if is_stored else await super().authorize(incoming)


@violates("auth.scheme-case")
class ReadsTitleCase(Relay):
    """The key's header isn't known in capitals."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if "AUTHORIZATION" in dict(incoming.headers):
            return refuse(incoming, 401, "There is no key.", code="invalid_api_key")
        return await super().authorize(incoming)


@violates("http.request-forms")
class RefusesExpectations(Relay):
    """Who waits for leave to send a body is refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        expects: Mapping[str, str] = {name.lower(): value for name, value in incoming.headers}
        return refuse(incoming, 417, "No.") if "expect" in expects else await super().check(incoming)


@violates("responses.stored")
class LosesTheQuery(Relay):
    """What of a stored response is asked for isn't passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        is_stored = outgoing.incoming.path.startswith("/v1/responses/")
        return replace(outgoing, path=outgoing.path.partition("?")[0]) if is_stored else outgoing
