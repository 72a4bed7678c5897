"""What can't be answered isn't passed on."""

from dataclasses import replace

from hopcheck import OMIT, Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect, refuse


@case(
    "errors.missing-fields",
    level="MUST",
    refs=["OAI CreateChatCompletionRequest", "avelrl"],
    needs=["parses", "two_sided"],
)
async def missing_fields(target: Target) -> Findings:
    """A request without messages, or without a model, is refused with 400 or 422.

    A gateway may leave that to the provider, which refuses it, too; that it goes no further is a SHOULD.
    """
    marker = target.marker()
    stop = [marker]  # so that it is found at the upstream, though there is no message to mark
    without = await target.chat.create(messages=OMIT, stop=stop)
    empty = await target.chat.create(messages=[], stop=stop)
    nameless = [await target.chat.create(model=5)]
    if not target.declares.default_model:
        nameless.append(await target.chat.create(model=OMIT))
    yield expect("status without messages", without.status, one_of=[400, 422])
    yield expect("status with empty messages", empty.status, one_of=[400, 422])
    statuses = [answer.status for answer in nameless]
    yield expect("statuses without a model", statuses, holds={*statuses} <= {400, 404, 422}, to="400, 404 or 422")
    counts = [len(await target.seen(one)) for one in (marker, *(answer.marker for answer in nameless))]
    yield expect("upstream attempts", sum(counts), equals=0, level="SHOULD")


@missing_fields.mutant(killed_by="status without messages")
class CrashesWithoutMessages(Relay):
    """Nobody has thought of a request without messages."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.json is not None and incoming.path.endswith("completions") and "messages" not in incoming.json:
            return refuse(incoming, 500, "KeyError: 'messages'")
        return await super().check(incoming)


@missing_fields.mutant(killed_by="status with empty messages")
class AnswersEmptyMessages(Relay):
    """To no messages, the gateway itself answers nothing."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        empty = incoming.json is not None and incoming.json.get("messages") == []
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
