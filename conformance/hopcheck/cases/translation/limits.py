"""Where a response has to end: after a number of tokens, or at a text."""

from typing import Any, ClassVar

from hopcheck import OMIT, ON_CHAT, Findings, Operation, Target, TranslatingRelay, case, expect

LEAST = 4096
"""A limit that a gateway makes up may not be below this: it would cut answers that the client didn't limit."""


@case(
    "translation.max-tokens",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["OAI max_completion_tokens", "anthropic: max_tokens is required", "litellm#8835"],
)
async def max_tokens(target: Target, ask: Operation) -> Findings:
    """The client's limit of tokens reaches the provider under either of its names; where it has none, none cuts it."""
    found = {}
    for name in ("max_tokens", "max_completion_tokens"):
        limits = {"max_tokens": OMIT, name: 77}
        found[name] = (await target.provider_request(await ask(**limits))).parameters.get("max_tokens")
    yield expect("limits", found, equals=dict.fromkeys(found, 77))
    unlimited = await target.provider_request(await ask(max_tokens=OMIT))
    made_up = unlimited.parameters.get("max_tokens", LEAST)
    yield expect("limit that nobody asked for", made_up, at_least=LEAST, level="SHOULD")


@max_tokens.mutant(killed_by="limits")
class KnowsTheOldName(TranslatingRelay):
    """`max_completion_tokens` is newer than the translation."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        return super().to_request({name: value for name, value in body.items() if name != "max_completion_tokens"})


@max_tokens.mutant(killed_by="limit that nobody asked for")
class CutsShort(TranslatingRelay):
    """Without a limit of the client's, 256 tokens are enough."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        is_limited = body.get("max_tokens") or body.get("max_completion_tokens")
        return super().to_request(body if is_limited else {**body, "max_tokens": 256})


STOPS: dict[str, Any] = {"one": "END", "several": ["END", "\n\n", "STOP"]}


@case(
    "translation.stop-sequences",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["OAI StopConfiguration", "anthropic: stop_sequences", "gemini: stopSequences"],
)
async def stop_sequences(target: Target, ask: Operation) -> Findings:
    """Every text at which the response has to stop reaches the provider, one or a list."""
    found = {name: (await target.provider_request(await ask(stop=stop))).parameters for name, stop in STOPS.items()}
    stops = {name: parameters.get("stop") for name, parameters in found.items()}
    yield expect("stops", stops, equals={"one": ["END"], "several": STOPS["several"]})


class EditsStop(TranslatingRelay):
    """The stop texts are changed before the request is translated."""

    change: ClassVar[Any]

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        return super().to_request({**body, "stop": type(self).change(body["stop"])} if body.get("stop") else body)


@stop_sequences.mutant(killed_by="stops")
class StopsAtTheFirst(EditsStop):
    """Of several texts the first is passed on."""

    change = staticmethod(lambda stop: stop if isinstance(stop, str) else stop[:1])


@stop_sequences.mutant(killed_by="stops")
class TakesTheTextForAList(EditsStop):
    """A single text is taken for a list of its letters."""

    change = staticmethod(list)


@stop_sequences.mutant(killed_by="stops")
class StripsStops(EditsStop):
    """A text of white space alone is taken for none."""

    change = staticmethod(lambda stop: stop if isinstance(stop, str) else [one for one in stop if one.strip()])
