"""The version and the betas that a client of Anthropic's asks for."""

from hopcheck import (
    ON_MESSAGES,
    Findings,
    NotApplicable,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    reply,
)

VERSION = "2023-06-01"
BETAS = ["context-management-2025-06-27", "interleaved-thinking-2025-05-14"]


@case("messages.api-version", level="MUST", on=ON_MESSAGES, refs=["Anthropic API versions"], upstream=reply.chat("Hi"))
async def api_version(target: Target, ask: Operation) -> Findings:
    """The version of the API and the betas that a client names reach the provider."""
    if target.translates:
        raise NotApplicable("the provider's API has no versions and betas of Anthropic's")
    sent = await target.forwarded(await ask(headers={"anthropic-version": VERSION, "anthropic-beta": ",".join(BETAS)}))
    yield expect("version", sent.header("anthropic-version"), equals=VERSION)
    betas = [beta.strip() for beta in (sent.header("anthropic-beta") or "").split(",")]
    yield expect("betas", [beta for beta in BETAS if beta in betas], equals=BETAS)


class _Without(Relay):
    name = ""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header(self.name, "") if self.name else outgoing


@api_version.mutant(killed_by="version")
class NamesNoVersion(_Without):
    """The version is lost."""

    name = "anthropic-version"


@api_version.mutant(killed_by="betas")
class DropsBetas(_Without):
    """Betas aren't passed on."""

    name = "anthropic-beta"


@api_version.mutant(killed_by="betas")
class KnowsOneBeta(Relay):
    """Of several betas, the first one is passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        betas = outgoing.incoming.header("anthropic-beta")
        return outgoing.with_header("anthropic-beta", betas.split(",")[0]) if betas else outgoing
