"""What clients ask for in the query of a request's path."""

from dataclasses import replace

from hopcheck import (
    ON_MESSAGES,
    Findings,
    IncomingRequest,
    Operation,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    refuse,
    reply,
)


@case(
    "messages.beta-query",
    level="MUST",
    on=ON_MESSAGES,
    refs=["anthropic-python beta.messages: ?beta=true", "Claude Code: ?beta=true"],
    upstream=reply.chat("Hi"),
)
async def beta_query(target: Target, ask: Operation) -> Findings:
    """`/v1/messages?beta=true`, which every beta client asks, is served, and the query reaches the provider."""
    marker = target.marker()
    messages = [{"role": "user", "content": f"Hi {marker}"}]
    body = {"model": ask.model, "max_tokens": 64, "messages": messages, **({"stream": True} if ask.streams else {})}
    headers = {"anthropic-version": "2023-06-01"}
    answer = await target.request("POST", f"{ask.path}?beta=true", body=body, headers=headers, marker=marker)
    yield expect("status", answer.status, equals=200)
    path = (await target.forwarded(answer)).path
    yield expect("query at the provider", path.partition("?")[2], equals="beta=true", level="SHOULD")


@beta_query.mutant(killed_by="status")
class KnowsPathsAlone(Relay):
    """A path with a query is another path."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        has_query = "?beta" in incoming.exchange.target
        return refuse(incoming, 404, "Not found.") if has_query else await super().check(incoming)


@beta_query.mutant(killed_by="query at the provider", trips=("responses.stored",))
class ForgetsTheQuery(Relay):
    """The query ends at the gateway."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, path=outgoing.path.partition("?")[0])
