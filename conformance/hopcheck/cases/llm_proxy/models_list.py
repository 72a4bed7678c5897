"""The list of models as LLM-Proxy's users know it."""

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, contract_violations, dig, expect, items


@case("llm_proxy.models-list", level="MUST", on="models", refs=["LLM-Proxy API"], needs=["model_list", "llm_proxy"])
async def models_list(target: Target) -> Findings:
    """`GET /v1/llm/models` is an array of models with id, name, provider, availability and their own context length."""
    answer = await target.request("GET", "/llm/models")
    yield expect("shape", contract_violations("LLMModels", answer.json, "llm-proxy"), equals=[])
    models = items(answer.json)
    yield expect("ids", [dig(model, "id") for model in models], contains=target.models.chat)
    providers = {str(dig(model, "id")): dig(model, "provider") for model in models}
    yield expect("providers", providers, holds=all(providers.values()), to="a name for each model")
    lengths = {str(dig(model, "id")): dig(model, "context_length") for model in models}
    one_for_all = len(lengths) > 1 and None not in lengths.values() and len(set(lengths.values())) == 1
    yield expect("context lengths", lengths, holds=not one_for_all, to="each model's own; null where it isn't known")


class _EditsList(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/llm/models" or response.status != 200:
            return response
        return response.with_json(self.edited(response.json))

    def edited(self, models: list[dict[str, Any]]) -> Any:
        return models


@models_list.mutant(killed_by="shape")
class WrapsTheArray(_EditsList):
    """The array stands in an object, as in OpenAI's list."""

    def edited(self, models: list[dict[str, Any]]) -> Any:
        return {"models": models}


@models_list.mutant(killed_by="ids")
class MadeUpList(_EditsList):
    """The list is a constant that somebody wrote down once, so that it is never empty."""

    def edited(self, models: list[dict[str, Any]]) -> Any:
        return [{**models[0], "id": "gpt-4o-mini", "name": "GPT-4o mini"}]


@models_list.mutant(killed_by="context lengths")
class OneLengthForAll(_EditsList):
    """Every model has the context length that is the default."""

    def edited(self, models: list[dict[str, Any]]) -> Any:
        return [{**model, "context_length": 4096} for model in models]


@models_list.mutant(killed_by="providers")
class KnowsNoProviders(Relay):
    """The provider of every model is an empty text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/llm/models" or response.status != 200:
            return response
        return response.with_json([{**model, "provider": ""} for model in response.json])
