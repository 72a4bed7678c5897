"""The shape of a chat answer."""

from hopcheck import Findings, Relay, RelayedResponse, Target, case, contract_violations, edits, expect


@case("chat.schema", level="MUST", refs=["OAI CreateChatCompletionResponse", "maximhq/bifrost#2494"])
async def schema(target: Target) -> Findings:
    """A chat answer has the shape that OpenAI's API documents: every required field, each of its type."""
    answer = await target.chat.create()
    yield expect("shape", contract_violations("ChatCompletion", answer.json), equals=[])


@schema.mutant(killed_by="shape")
class ForgetsTheObject(Relay):
    """The answer's `object` is an empty text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(object=""))


@schema.mutant(killed_by="shape", trips=("chat.id-unique",))
class SaysTimesWithFractions(Relay):
    """`created` is a number with a fraction, which typed clients refuse to read."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(created=body["created"] + 0.5))


@schema.mutant(killed_by="shape")
class NumbersItsConfigurations(Relay):
    """An answer without a `system_fingerprint` is given one, which is a number instead of a text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.setdefault("system_fingerprint", 7))
