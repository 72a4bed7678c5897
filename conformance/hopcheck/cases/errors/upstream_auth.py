"""That the provider refuses the proxy's key is not the client's fault."""

from dataclasses import replace

from hopcheck import (
    FORWARDED,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    reply,
)

REFUSED = {"message": "Incorrect API key provided.", "type": "invalid_request_error", "code": "invalid_api_key"}


@case(
    "errors.upstream-auth",
    level="SHOULD",
    on=FORWARDED,
    needs=["own_account"],
    refs=["RFC 9110 15.6.3", "llmtrace#274", "failoverbench S04"],
    isolation="cooldown",
    upstream=reply.status(401, REFUSED),
)
async def upstream_auth(target: Target, ask: Operation) -> Findings:
    """A provider that refuses the proxy's key makes it a server error, not a 401 that blames the client's key."""
    answer = await ask()
    yield expect("status", answer.status, one_of=range(500, 600), to="a server error")


@upstream_auth.mutant(killed_by="status")
class BlamesTheClient(Relay):
    """The provider's 401 is passed on, so the client looks for what is wrong with its key."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return replace(response, status=401) if failure.status == 401 else response
