"""Fields that get lost on the way."""

from typing import Any, ClassVar

from hopcheck import (
    GENERATING,
    ON_CHAT,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
)
from hopcheck.cases.requests.fields import lacks

FIELDS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.5,
    "stop": ["END"],
    "seed": 7,
    "max_tokens": 9,
    "max_completion_tokens": 9,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "logit_bias": {"50256": 1},
    "logprobs": True,
    "response_format": {"type": "json_object"},
    "service_tier": "auto",
    "store": True,
    "reasoning_effort": "low",
    "verbosity": "low",
    "prediction": {"type": "content", "content": "Hello."},
    "modalities": ["text"],
    "prompt_cache_key": "hop",
    "prompt_cache_retention": "24h",
    "safety_identifier": "hop",
    "user": "hop",
    "metadata": {"a": "b"},
    "web_search_options": {},
}
"""Fields of OpenAI's document, each with a value that is not its default."""

ALSO: dict[str, dict[str, Any]] = {
    "response_format": {"messages": [{"role": "user", "content": "Say hello, in JSON."}]},
    "metadata": {"store": True},
}
"""What a provider asks for in addition to a field."""


@case(
    "requests.drop-params-declared",
    level="MAY",
    on=ON_CHAT,
    refs=["litellm#11722", "litellm#19225"],
    needs=["two_sided"],
)
async def drop_params_declared(target: Target, ask: Operation) -> Findings:
    """A documented field is missing upstream only if the target declares that it drops it, or refuses it with a 4xx."""
    dropped = []
    for field, value in FIELDS.items():
        got = await target.received(await ask(**{field: value}, **ALSO.get(field, {})))
        dropped += [field] if got and lacks(got, field, value) else []
    allowed = [field for field in dropped if field in target.declares.drops]
    # A list that is declared is the whole list.
    yield expect("dropped fields", dropped, equals=allowed, level="MUST" if target.declares.drops else None)


@drop_params_declared.mutant(killed_by="dropped fields", trips=("fallback.stream-continues",))
class DropsMore(Relay):
    """The list of dropped fields has grown since it was declared."""

    declares: ClassVar = {"drops": ("service_tier",)}

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.without_fields(outgoing, "service_tier", "prompt_cache_key")


@drop_params_declared.mutant(killed_by="dropped fields")
class DropsUndeclared(edits.DropsFields):
    """A field that one provider refuses is dropped for all of them, silently."""

    fields = ("verbosity", "service_tier")


UNKNOWN = {"x_hopcheck_unknown": {"deep": [1, None, "é"]}, "top_k": 40}


@case(
    "requests.unknown-params",
    level="SHOULD",
    on=GENERATING,
    refusable=True,
    refs=["litellm#564", "litellm#18039", "litellm#31697"],
    needs=["two_sided"],
)
async def unknown_params(target: Target, ask: Operation) -> Findings:
    """A field that OpenAI's document doesn't know is forwarded, or refused with 400: never silently dropped."""
    fates = {}
    for field, value in UNKNOWN.items():
        answer = await ask(extra={field: value})
        got = await target.received(answer)
        fates[field] = f"refused with {answer.status}" if got is None else dig(got, field)
    sound = all(fates[field] in (value, "refused with 400", "refused with 422") for field, value in UNKNOWN.items())
    yield expect("unknown fields", fates, holds=sound, to=f"each refused with 400, or as it was sent: {UNKNOWN}")


@unknown_params.mutant(killed_by="unknown fields", trips=("messages.fields",))
class KnownFieldsOnly(edits.DropsFields):
    """The body is read into a model that ignores what it doesn't know."""

    fields = tuple(UNKNOWN)
