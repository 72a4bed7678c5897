"""JSON that is declared to be something else."""

from hopcheck import (
    FORWARDED,
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
    "errors.content-type",
    level="SHOULD",
    on=FORWARDED,
    needs=["parses"],
    refusable=True,
    refs=["RFC 9110 15.5.16", "Fetch 2.2.2"],
)
async def content_type(target: Target, ask: Operation) -> Findings:
    """JSON that is declared to be plain text is refused: browsers send that to other sites without asking first."""
    # The second is what a browser's fetch() declares by itself.
    kinds = ("text/plain", "text/plain;charset=UTF-8")
    statuses = [(await ask(headers={"Content-Type": kind})).status for kind in kinds]
    yield expect("status", statuses, holds={*statuses} <= {415, 400, 422}, to="415, 400 or 422 for each")


@content_type.mutant(killed_by="status")
class ReadsAnything(Relay):
    """The body is parsed whatever it is declared to be."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        return None if refusal and refusal.status == 415 else refusal
