"""What a fallback is asked."""

from typing import Any

from hopcheck import (
    GENERATING,
    ON_CHAT,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    edits,
    expect,
    function_tools,
)
from hopcheck.cases.fallback.taken import FAULTS


@case(
    "fallback.same-request",
    level="MUST",
    on=GENERATING,
    refs=["litellm#27046", "Portkey#855"],
    upstream={script: FAULTS[script] for script in ("500", "429")},
    needs=["fallback", "two_sided"],
    isolation="cooldown",
)
async def same_request(target: Target, ask: Operation) -> Findings:
    """A fallback is asked the same as the primary, tools included, by the name that its provider has for it.

    That it is the same is judged on every exchange; which name that is, only `model_map` says.
    """
    fallback = target.declares.fallback
    assert fallback is not None
    fields: dict[str, Any] = {"tools": function_tools("look_up"), "temperature": 0.25}
    if ask.name in ON_CHAT:
        fields |= {
            "text": "Answer in JSON.",
            "response_format": {"type": "json_object"},
            "stop": ["END"],
            "tool_choice": "required",
        }
    plain = await ask(script="429", model=fallback.primary)
    answers = [plain, await ask(script="500", model=fallback.primary, **fields)]
    yield expect("answers", [one.content for one in answers], equals=["from the backup"] * 2)
    named = target.declares.model_map.get(fallback.backup)
    names = {(await target.forwarded(one)).model for one in answers if named}
    yield expect("names of the fallback", names, equals={named} if named else set())


class _Changes(Relay):
    """Base of those that ask a fallback otherwise."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        asked = outgoing.incoming.model
        return self.changed(outgoing, asked) if asked and outgoing.model != asked else outgoing

    def changed(self, outgoing: OutgoingRequest, asked: str) -> OutgoingRequest:
        """What the fallback is asked, instead of the model that was asked for."""
        return outgoing


@same_request.mutant(killed_by="answers", trips=("fallback.*", "auth.fallback-credential"))
class AsksNobody(_Changes):
    """The fallback is asked without a conversation."""

    def changed(self, outgoing: OutgoingRequest, asked: str) -> OutgoingRequest:
        return outgoing.with_json({"model": outgoing.model})


@same_request.mutant(killed_by="names of the fallback")
class AsksForThePrimary(_Changes):
    """The fallback's provider is asked for the model that the client named."""

    def changed(self, outgoing: OutgoingRequest, asked: str) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "model": asked})


@same_request.mutant(killed_by="attempts")
class OffersNothing(_Changes):
    """The fallback isn't offered the tools."""

    def changed(self, outgoing: OutgoingRequest, asked: str) -> OutgoingRequest:
        return edits.without_fields(outgoing, "tools")
