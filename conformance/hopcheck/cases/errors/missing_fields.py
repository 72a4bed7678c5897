"""What can't be answered isn't passed on."""

from dataclasses import replace
from typing import Any

from hopcheck import (
    FORWARDED,
    OMIT,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    refuse,
)

NOTHING: tuple[list[Any] | None, ...] = ([], None)


@case(
    "errors.missing-fields",
    level="MUST",
    on=FORWARDED,
    refs=["OAI CreateChatCompletionRequest", "avelrl"],
    needs=["parses", "two_sided"],
)
async def missing_fields(target: Target, ask: Operation) -> Findings:
    """A request without what is asked, or without a model, is refused with 400 or 422.

    A gateway may leave that to the provider, which refuses it, too; that it goes no further is a SHOULD.
    """
    marker = target.marker()
    asked = "messages" if ask.generates and ask.surface != "responses" else "input"
    # so that it is found at the upstream, though there is no message to mark
    found = {"stop": [marker]} if asked == "messages" else {"user": marker}
    without = await ask(extra={asked: OMIT, **found})
    empty = [await ask(extra={asked: nothing, **found}) for nothing in NOTHING]
    nameless = [await ask(model=5)]
    if not target.declares.default_model:
        nameless.append(await ask(model=OMIT))
    yield expect("status without what is asked", without.status, one_of=[400, 422])
    nothing = [answer.status for answer in empty]
    yield expect("status with nothing asked", nothing, holds={*nothing} <= {400, 422}, to="400 or 422 for each")
    statuses = [answer.status for answer in nameless]
    yield expect("statuses without a model", statuses, holds={*statuses} <= {400, 404, 422}, to="400, 404 or 422")
    counts = [len(await target.seen(one)) for one in (marker, *(answer.marker for answer in nameless))]
    yield expect("upstream attempts", sum(counts), equals=0, level="SHOULD")


@missing_fields.mutant(killed_by="status without what is asked", trips=("errors.unknown-path",))
class CrashesWithoutMessages(Relay):
    """Nobody has thought of a request without messages."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.json is not None and not incoming.json.keys() & {"messages", "input"}:
            return refuse(incoming, 500, "KeyError: 'messages'")
        return await super().check(incoming)


@missing_fields.mutant(killed_by="status with nothing asked", trips=("responses.own-errors",))
class AnswersEmptyMessages(Relay):
    """To no messages, the gateway itself answers nothing."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        empty = incoming.json is not None and [] in (incoming.json.get("messages"), incoming.json.get("input"))
        return replace(refusal, status=200) if refusal and empty else refusal


@missing_fields.mutant(killed_by="statuses without a model")
class CrashesOnOddModels(Relay):
    """A model that is no text can't be looked up."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.json is not None and not isinstance(incoming.json.get("model", ""), str):
            return refuse(incoming, 500, "unhashable model")
        return await super().check(incoming)


@missing_fields.mutant(killed_by="upstream attempts", trips=("errors.*",))
class ChecksTooLate(Relay):
    """What is wrong with a request is found out when the provider has answered it."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        return None if refusal and b"is missing, empty" in refusal.body else refusal

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return await super().check(response.incoming) or response if response.origin == "provider" else response
