"""A browser's preflight comes without a key."""

from hopcheck import (
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
)

PREFLIGHT = {
    "Origin": "https://app.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@case(
    "auth.options",
    level="SHOULD",
    on=["chat", "responses", "messages", "count_tokens", "embeddings", "models"],
    because="a preflight request doesn't say whether a stream is wanted",
    needs=["parses"],
    refs=["vllm#4862", "llm-rosetta#404", "9router#3025", "BricksLLM#45"],
)
async def options(target: Target, ask: Operation) -> Findings:
    """A preflight request isn't asked for a key: browsers send none with it."""
    answer = await target.request("OPTIONS", ask.path, key="", headers=PREFLIGHT)
    refused = answer.status is None or answer.status in (401, 403, 407) or answer.status >= 500
    yield expect("status", answer.status, holds=not refused, to="an answer that is no refusal for want of a key")


@options.mutant(killed_by="status")
class AsksPreflightsForAKey(Relay):
    """The key is checked before anybody looks at the method."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method != "OPTIONS":
            return await super().authorize(incoming)
        return RelayedResponse(incoming, 401, [("WWW-Authenticate", "Bearer")])
