"""Several choices in one chat answer."""

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, items, reply

TEXTS = ("first", "second", "third")


@case(
    "chat.n-choices",
    level="MUST",
    needs=["choices"],
    refs=["litellm#15962", "litellm#8977"],
    upstream=reply.chat(choices=[reply.choice(text) for text in TEXTS]),
)
async def n_choices(target: Target) -> Findings:
    """With `n` above one, every choice arrives, each under the index that the provider gave it."""
    answer = await target.chat.create(n=3)
    choices = [[dig(choice, "index"), dig(choice, "message", "content")] for choice in items(answer.json, "choices")]
    yield expect("choices by index", sorted(choices, key=str), equals=[[0, "first"], [1, "second"], [2, "third"]])


@n_choices.mutant(killed_by="choices by index")
class FirstChoiceOnly(Relay):
    """Of several choices, only the first is kept."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(choices=body["choices"][:1]))


@n_choices.mutant(killed_by="choices by index")
class AllAreFirst(Relay):
    """Every choice has the index 0."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(index=0))
