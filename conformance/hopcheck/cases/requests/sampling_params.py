"""The fields that steer an answer, as the upstream gets them."""

from typing import Any

from hopcheck import (
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
from hopcheck.cases.requests.fields import changed

ASKED: dict[str, dict[str, Any]] = {
    "values": {
        "temperature": 0.7,
        "top_p": 0.95,
        "seed": 42,
        "stop": ["END", "\n\n"],
        "max_tokens": 17,
        "presence_penalty": -0.5,
        "frequency_penalty": 1.5,
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "top_logprobs": 20,
    },
    "zeros": {  # and all else that a careless `if` takes for nothing
        "temperature": 0,
        "top_p": 0,
        "seed": 0,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "logit_bias": {"50256": 0},
        "logprobs": True,
        "top_logprobs": 0,
        "store": False,
        "tools": function_tools("look_up"),
        "parallel_tool_calls": False,
    },
    "other forms": {"stop": "END", "max_completion_tokens": 17, "temperature": 1.75},
}
ASKED["several choices"] = {**ASKED["values"], "n": 2}


@case(
    "requests.sampling-params",
    level="MUST",
    on=ON_CHAT,
    refs=["OAI CreateChatCompletionRequest", "litellm#8199", "litellm#36882"],
    needs=["two_sided"],
)
async def sampling_params(target: Target, ask: Operation) -> Findings:
    """Sampling fields reach the upstream with the value that was sent, a zero and a false included."""
    for name, fields in ASKED.items():
        if "n" in fields and not (target.declares.choices and ask.name == "chat"):
            continue  # in streams, another case asks for several
        got = (await target.forwarded(await ask(**fields))).json
        yield expect(f"{name} changed", changed(fields, got, target.declares.drops), equals={})


@sampling_params.mutant(killed_by="values changed")
class ClampsTopP(Relay):
    """A top_p above 0.9 is set to 0.9, as one provider wants it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "top_p", lambda value: min(value, 0.9))


@sampling_params.mutant(killed_by="zeros changed", trips=("tools.roundtrip", "requests.drop-params-declared"))
class ZeroIsNothing(Relay):
    """A field is passed on `if value:`, so a temperature of zero becomes the provider's default."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.without_fields(outgoing, *[field for field, value in outgoing.json.items() if not value])


@sampling_params.mutant(killed_by="several choices changed", on="chat")
class BiasesOneChoice(Relay):
    """A request for several choices is sent without a bias."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.without_fields(outgoing, "logit_bias") if (outgoing.json.get("n") or 1) > 1 else outgoing


@sampling_params.mutant(killed_by="other forms changed", trips=("requests.drop-params-declared",))
class OldFieldsOnly(edits.DropsFields):
    """max_completion_tokens is newer than the list of fields that are passed on."""

    fields = ("max_completion_tokens",)
