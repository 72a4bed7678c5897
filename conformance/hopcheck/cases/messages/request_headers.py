"""The version and the betas that a client of Anthropic's asks for."""

from hopcheck import ON_MESSAGES, Findings, Operation, OutgoingRequest, Relay, Target, case, expect, reply

VERSION, BETA = "2023-06-01", "context-management-2025-06-27"


@case("messages.api-version", level="MUST", on=ON_MESSAGES, refs=["Anthropic API versions"], upstream=reply.chat("Hi"))
async def api_version(target: Target, ask: Operation) -> Findings:
    """The version of the API and the betas that a client names reach the provider."""
    sent = await target.forwarded(await ask(headers={"anthropic-version": VERSION, "anthropic-beta": BETA}))
    yield expect("version", sent.header("anthropic-version"), equals=VERSION)
    yield expect("betas", (sent.header("anthropic-beta") or "").split(","), contains=BETA)


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
