"""Providers that are not there."""

from hopcheck import (
    GENERATING,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    expect,
)


@case(
    "timeout.connect",
    level="MUST",
    on=GENERATING,
    refs=["RFC 9110, section 15.6.3"],
    needs=["unreachable"],
)
async def unreachable(target: Target, ask: Operation) -> Findings:
    """A provider that refuses connections results in a server error in OpenAI's shape."""
    answer = await ask(model=target.declares.unreachable)
    yield expect("status", answer.status, one_of=range(500, 600), to="a server error")
    if not target.declares.transparent:
        yield expect("what is wrong with the error", contract_violations("Error", answer.json), equals=[])


class TellsConnect(Relay):
    """Base of those that tell an unreachable provider wrongly."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return self.reworded(response) if failure.kind == "connect" else response

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        """The error as this relay words it."""
        return response


@unreachable.mutant(killed_by="status")
class BlamesTheClient(TellsConnect):
    """An unreachable provider is reported as a bad request."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        response.status = 400
        return response


@unreachable.mutant(killed_by="what is wrong with the error")
class SaysItBriefly(TellsConnect):
    """The error is a plain message."""

    def reworded(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"message": "connection refused"})
