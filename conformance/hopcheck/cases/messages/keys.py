"""Keys, where Anthropic's clients send them."""

from typing import Any

from hopcheck import (
    ON_MESSAGES,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
)


@case(
    "messages.key-header",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API authentication: x-api-key", "anthropic-python sends x-api-key"],
    needs=["own_keys", "client_key", "two_sided"],
)
async def key_header(target: Target, ask: Operation) -> Findings:
    """A client's key is taken from `x-api-key`, where Anthropic's clients send it, and a wrong one there is refused."""
    known = await ask(key="", headers={"x-api-key": target.config.api_key})
    yield expect("status for a key", known.status, equals=200)
    stranger = await ask(key="", headers={"x-api-key": "hopcheck-wrong-key"})
    yield expect("status for a wrong key", stranger.status, one_of=[401, 403, 400])
    yield expect("attempts for a wrong key", len(await target.seen(stranger)), equals=0)


@key_header.mutant(killed_by="status for a key", trips=("auth.*",))
class WantsABearer(Relay):
    """Keys are taken from `Authorization` alone."""

    async def authorize(self, incoming: IncomingRequest) -> Any:
        scheme, _, key = (incoming.header("authorization") or "").partition(" ")
        known = (scheme == "Bearer" and key in self.config.client_keys) or incoming.path != "/v1/messages"
        return await super().authorize(incoming) if known else self._refusal(incoming)

    def _refusal(self, incoming: IncomingRequest) -> RelayedResponse:
        error = {"type": "authentication_error", "message": "The API key is missing."}
        head = [("Content-Type", "application/json"), ("WWW-Authenticate", "Bearer")]
        return RelayedResponse(incoming, 401, head).with_json({"type": "error", "error": error})


@key_header.mutant(killed_by="status for a wrong key")
class TrustsTheHeader(Relay):
    """A client that sends an `x-api-key` has one."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None if incoming.header("x-api-key") else await super().authorize(incoming)


@key_header.mutant(
    killed_by="attempts for a wrong key", trips=("messages.own-errors", "auth.required", "http.request-id")
)
class ChecksKeysLate(Relay):
    """A key is looked up while the provider works."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        refusal = await super().authorize(response.incoming)
        return refusal or response
