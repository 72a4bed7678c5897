"""Ends of a response that OpenAI's API has no word for."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Events,
    Findings,
    Operation,
    Piece,
    RelayedResponse,
    Target,
    TranslatingRelay,
    case,
    edits,
    expect,
    function_tools,
    reply,
)
from hopcheck.cases.translation.stream_failures import EditsErrors


def finish_of(response: Any) -> Any:
    """The last finish reason of a response, whole or a stream; None if there is none, or an error."""
    if hasattr(response, "finishes"):
        return next(reversed(response.finishes()), None)
    return response.at("choices", 0, "finish_reason")


@case(
    "translation.context-end",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["anthropic: model_context_window_exceeded", "OAI finish_reason length"],
    upstream=reply.chat("As far as it", " went", finish="context_exceeded"),
)
async def context_end(target: Target, ask: Operation) -> Findings:
    """A response that ended because the context is full was cut off: its finish reason is `length`."""
    yield expect("finish reason", finish_of(await ask()), equals="length")


@context_end.mutant(killed_by="finish reason", trips=("translation.paused-turn",))
class EndsLikeAnyOther(TranslatingRelay):
    """A reason that isn't known is an end like any other."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(finish_reason="stop"))

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(
            events, lambda choice: choice["finish_reason"] and choice.update(finish_reason="stop")
        )


@case(
    "translation.malformed-call",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["gemini: MALFORMED_FUNCTION_CALL", "litellm#22098"],
    upstream=reply.chat("I will", " look", finish="malformed_call"),
)
async def malformed_call(target: Target, ask: Operation) -> Findings:
    """A response that ended because a call can't be read isn't one that has ended well: no `stop`, no `tool_calls`."""
    response = await ask(tools=function_tools("look_up"))
    await target.forwarded(response)
    yield expect("finish reason", finish_of(response), one_of=[None, "length", "content_filter"])


@malformed_call.mutant(killed_by="finish reason", trips=("translation.error-in-stream",))
class EndsWellAnyway(EditsErrors):
    """A reason that isn't known is an end like any other."""

    providers = ("gemini",)

    def instead(self, piece: Piece) -> Piece:
        return Piece(finish="stop")


@case(
    "translation.paused-turn",
    level="SHOULD",
    on=ON_CHAT,
    needs=["translates"],
    refs=["anthropic: pause_turn"],
    upstream=reply.chat("I am", " still looking", finish="paused"),
)
async def paused_turn(target: Target, ask: Operation) -> Findings:
    """A turn that the provider paused isn't one that has ended well: no `stop`, no `tool_calls`."""
    yield expect("finish reason", finish_of(await ask()), one_of=[None, "length", "content_filter"])


@paused_turn.mutant(killed_by="finish reason", trips=("translation.context-end",))
class TakesPausesForEnds(EndsLikeAnyOther):
    """A turn that pauses is over."""

    providers = ("anthropic",)
