"""What a gateway adds to a request, and how it writes it."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    expect,
    field_names,
    function_tools,
    items,
)

FIELDS = frozenset(
    {"audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
     "max_completion_tokens", "max_tokens", "messages", "modalities", "model", "moderation", "n",
     "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options",
     "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed",
     "service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice", "tools",
     "top_logprobs", "top_p", "user", "verbosity", "web_search_options"}
)  # fmt: skip
"""What a gateway may add: fields of OpenAI's document, all but `metadata`, which the provider keeps for the client."""

CALL_FIELDS = frozenset({"id", "type", "function", "name", "arguments"})
CALL = {"id": "call_hop1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": "Look it up."},
    {"role": "assistant", "content": "I will.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_hop1", "content": "It's there."},
    {"role": "user", "content": "Thanks."},
]
MESSAGE_FIELDS = frozenset(
    {"role", "content", "name", "refusal", "audio", "tool_calls", "tool_call_id", "function_call"}
)


@case(
    "requests.no-internal-params",
    level="MUST",
    on=ON_CHAT,
    because="it knows the fields of OpenAI's chat requests",
    refs=["litellm#41342"],
    needs=["two_sided"],
)
async def no_internal_params(target: Target, ask: Operation) -> Findings:
    """A request gains no fields that OpenAI's API doesn't have, in the body or in its messages, unless declared."""
    body = (await target.forwarded(await ask(messages=HISTORY, tools=function_tools("look_up")))).json
    added = sorted({*field_names(body)} - FIELDS - {*target.declares.adds})
    yield expect("other fields of the body", added, equals=[])
    fields = {field for message in items(body, "messages") for field in field_names(message)}
    yield expect("other fields of messages", sorted(fields - MESSAGE_FIELDS), equals=[])
    calls = [call for message in items(body, "messages") for call in items(message, "tool_calls")]
    inside = {field for call in calls for field in (*field_names(call), *field_names(dig(call, "function")))}
    yield expect("other fields of calls", sorted(inside - CALL_FIELDS), equals=[])


@no_internal_params.mutant(
    killed_by="other fields of the body", trips=("requests.user-field", "requests.prompt-cache-stable")
)
class TellsWhoAsks(Relay):
    """The gateway's own data about the request are sent along as metadata."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "metadata": {"gateway_request": outgoing.incoming.id}})


@no_internal_params.mutant(
    killed_by="other fields of messages", trips=("requests.messages-verbatim", "tools.result-turn")
)
class CountsInMessages(Relay):
    """Each message carries what the gateway counted of its tokens."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for message in body.get("messages", ()):
            message["token_count"] = len(str(message.get("content")))
        return outgoing.with_json(body)


@no_internal_params.mutant(killed_by="other fields of calls", trips=("requests.messages-verbatim", "tools.result-turn"))
class NumbersCalls(Relay):
    """Calls in the history have an index, as they have it in streams."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for message in items(body, "messages"):
            for index, call in enumerate(items(message, "tool_calls")):
                call["index"] = index
        return outgoing.with_json(body)
