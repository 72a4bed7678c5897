"""A chat answer without a choice."""

from hopcheck import Findings, Relay, RelayedResponse, Target, case, contract_violations, edits, expect, reply

MADE_UP = {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}


@case(
    "chat.empty-choices",
    level="MUST",
    refs=["litellm#27968"],
    upstream=reply.chat(extra={"choices": []}),
)
async def empty_choices(target: Target) -> Findings:
    """An answer without choices is passed on as it is, or becomes an error in OpenAI's shape."""
    answer = await target.chat.create()
    if answer.status == 200:
        yield expect("choices", answer.at("choices"), equals=[])
    else:
        yield expect("error", contract_violations("Error", answer.json), equals=[])


@empty_choices.mutant(killed_by="choices")
class MakesOneUp(Relay):
    """An empty answer is made up, which looks like a model that had nothing to say."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(choices=body["choices"] or [MADE_UP]))


@empty_choices.mutant(killed_by="error")
class FallsOver(Relay):
    """The first choice of none: an unhandled exception, and its trace."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if isinstance(response.json, dict) and response.json.get("choices") == []:
            trace = b"Traceback (most recent call last):\n...\nIndexError: list index out of range"
            return RelayedResponse(response.incoming, 500, [("Content-Type", "text/plain")], trace)
        return response
