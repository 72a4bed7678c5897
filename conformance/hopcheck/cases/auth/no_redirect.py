"""A client never decides where its request is sent, and a provider not where the key goes."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from hopcheck import (
    FORWARDED,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    listener,
    refuse,
)


def steering(url: str) -> dict[str, dict[str, Any]]:
    """Body fields by which LiteLLM, its forks and other gateways can be made to go elsewhere."""
    return {
        "api_base": {"api_base": f"{url}/v1"},
        "base_url": {"base_url": f"{url}/v1"},
        "provider": {"custom_llm_provider": "openai", "api_base": f"{url}/v1", "api_key": "hopcheck-planted-key"},
        "model_list": {"model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": url}}]},
        "fallbacks": {"fallbacks": [{"model": "openai/m", "api_base": url}]},
        "headers": {"headers": {"Host": url.removeprefix("http://")}, "extra_headers": {"X-Forwarded-Host": url}},
    }


@case(
    "auth.no-redirect",
    level="MUST",
    on=FORWARDED,
    refusable=True,
    needs=["parses", "two_sided"],
    refs=["CVE-2024-6587", "litellm: api_base in a body", "OWASP API7:2023"],
)
async def no_redirect(target: Target, ask: Operation) -> Findings:
    """No field of a request's body sends it anywhere but to its provider, and none makes the gateway crash."""
    async with listener() as elsewhere:
        answers = {name: await ask(extra=extra) for name, extra in steering(elsewhere.url).items()}
    yield expect("connections elsewhere", len(elsewhere.heads), equals=0)
    crashed = {name: answer.status for name, answer in answers.items() if answer.status is None or answer.status >= 500}
    yield expect("crashes", crashed, equals={}, level="SHOULD")


@no_redirect.mutant(killed_by="connections elsewhere", trips=("llm_proxy.*", "auth.*"))
class GoesWhereItIsSent(Relay):
    """`base_url` of a request's body is where the provider is asked."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        url = (incoming.json or {}).get("base_url")
        if isinstance(url, str):
            place = urlsplit(url)
            _, writer = await asyncio.open_connection(place.hostname, place.port)
            writer.close()
        return await super().check(incoming)


@no_redirect.mutant(killed_by="crashes", trips=("llm_proxy.*",))
class CrashesOnLists(Relay):
    """A list of models in a request ends in an internal error."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if "model_list" in (incoming.json or {}):
            return refuse(incoming, 500, "TypeError: unhashable type: 'dict'")
        return await super().check(incoming)
