"""Numbers in a request, as the upstream gets them."""

import json
from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    NotApplicable,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
)

WHOLE = {"one": 1, "big": 10**15, "i53": 2**53 - 1, "low": -(2**53) + 1}
"""Those that RFC 8259 calls interoperable: a double holds them."""

LARGE = {"beyond": 2**53 + 1, "i64": 2**63 - 1, "lowest": -(2**63)}
"""Those that 64 bits hold, and a double doesn't."""

BROKEN = {"tenth": 0.1, "sum": 0.1 + 0.2, "small": 1e-7, "tiny": 5e-324, "huge": 1.7976931348623157e308}
"""Which are another number after a rounding to six digits, or to 32 bits."""

CHOSEN = [1, 2.5, "3", None]
"""Values of an enum, whose types count."""


@case("requests.numbers", level="MUST", on=ON_CHAT, refs=["RFC 8259 6", "JSON Schema 4.2.2"], needs=["two_sided"])
async def numbers(target: Target, ask: Operation) -> Findings:
    """Numbers in a tool's schema reach the upstream with their value; integers to 64 bits should, too.

    1e-7 may be written 0.0000001: the value counts. What neither 64 bits nor a double hold, nobody owes.
    """
    properties = {name: {"const": value} for name, value in {**WHOLE, **LARGE, **BROKEN}.items()}
    schema = {"type": "object", "properties": {**properties, "chosen": {"enum": CHOSEN}}}
    function = {"name": "count", "parameters": schema}
    body = await target.openai_form(await ask(tools=[{"type": "function", "function": function}]))
    got = dig(body, "tools", 0, "function", "parameters", "properties")
    if all(dig(got, name, "const") is None for name in properties):
        raise NotApplicable("none of the schema's numbers arrived, which tools.strict-schema judges")
    yield expect("integers", {name: dig(got, name, "const") for name in WHOLE}, equals=WHOLE)
    yield expect("fractions", {name: dig(got, name, "const") for name in BROKEN}, equals=BROKEN)
    yield expect("values of an enum", dig(got, "chosen", "enum"), equals=CHOSEN, level="SHOULD")
    large = {name: dig(got, name, "const") for name in LARGE}
    yield expect("integers of 64 bits", large, equals=LARGE, level="SHOULD")
    wanted = {"type": "json_schema", "json_schema": {"name": "count", "schema": schema}}
    try:
        body = await target.openai_form(await ask(response_format=wanted))
    except NotApplicable:
        return  # the provider's API has no such format
    got = dig(body, "response_format", "json_schema", "schema", "properties")
    if got is not None:  # else `requests.response-format` judges that
        changed = [name for name, one in properties.items() if dig(got, name) != one]
        yield expect("changed in a response format", changed, equals=[], level="SHOULD")


def reread(outgoing: OutgoingRequest, **how: Any) -> OutgoingRequest:
    """The same request, its tools read and written again by other rules."""
    return edits.request_field(outgoing, "tools", lambda tools: json.loads(json.dumps(tools), **how))


@numbers.mutant(killed_by="integers")
class SinglesOnly(Relay):
    """Whole numbers go through 32 bits."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return reread(outgoing, parse_int=lambda text: max(-(2**31), min(2**31 - 1, int(text))))


@numbers.mutant(killed_by="integers of 64 bits")
class DoublesOnly(Relay):
    """Every number is read as a double, and whole ones are written without a fraction."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return reread(outgoing, parse_int=lambda text: int(float(text)))


@numbers.mutant(killed_by="fractions")
class SixDigits(Relay):
    """Fractions are written with six digits."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return reread(outgoing, parse_float=lambda text: float(f"{float(text):.6g}"))


@numbers.mutant(killed_by="changed in a response format")
class RoundsFormats(Relay):
    """An integer beyond 2^53 in a response format is rounded."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def rounded(asked: Any) -> Any:
            return json.loads(json.dumps(asked), parse_int=lambda text: int(float(text)))

        return edits.request_field(outgoing, "response_format", rounded)


@numbers.mutant(killed_by="values of an enum", trips=("tools.*",))
class ChoosesAmongTexts(Relay):
    """The values of a tool's enums are texts."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for tool in items(body, "tools"):
            chosen: Any = dig(tool, "function", "parameters", "properties", "chosen")
            if isinstance(chosen, dict):
                chosen["enum"] = [str(value) for value in chosen["enum"]]
        return outgoing.with_json(body)
