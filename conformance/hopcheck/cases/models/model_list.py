"""The list of models."""

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, contract_violations, dig, edits, expect, items


@case(
    "models.list-shape",
    level="MUST",
    needs=["model_list"],
    refs=["OAI ListModelsResponse", "aallam/openai-kotlin#332", "SwiftOpenAI#162", "any-llm#1085", "openai-php#598"],
)
async def list_shape(target: Target) -> Findings:
    """The list of models has the shape that OpenAI's API documents, each model with id, object, created and owner."""
    answer = await target.request("GET", "/models")
    yield expect("shape", contract_violations("ModelList", answer.json), equals=[])


@list_shape.mutant(killed_by="shape", trips=("models.*", "auth.*"))
class BareArray(Relay):
    """The list is an array, without the object around it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_list = dig(response.json, "object") == "list" and response.incoming.path == "/v1/models"
        return response.with_json(response.json["data"]) if is_list else response


class EditsModels(Relay):
    """What a list of models holds instead."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/models":
            return response
        return edits.body(
            response, lambda body: body.update(data=[self.edit(model) for model in body["data"]]), having="data"
        )

    def edit(self, model: dict[str, Any]) -> dict[str, Any]:
        return model


@list_shape.mutant(killed_by="shape", trips=("models.stable-created",))
class DatesInWords(EditsModels):
    """`created` is a text with a date."""

    def edit(self, model: dict[str, Any]) -> dict[str, Any]:
        return {**model, "created": "2026-01-01"}


def _named(target: Target) -> list[str]:
    """The models that the target's file names, as clients are to name them."""
    declares = target.declares
    names = [target.models.chat, *declares.model_map]
    if declares.embeddings:
        names.append(target.models.embedding)
    if declares.fallback:
        names.append(declares.fallback.primary)
    backups = declares.fallback.chain[1:] if declares.fallback else ()  # they may be the gateway's own matter
    return [name for name in dict.fromkeys(names) if name not in backups]


@case("models.aliases", level="MUST", refs=["litellm#5762"], needs=["model_list", "two_sided"])
async def aliases(target: Target) -> Findings:
    """The list names every model that clients can ask for, and nothing of the provider behind it."""
    attempt = await target.forwarded(await target.chat.create())
    answer = await target.request("GET", "/models")
    listed = [dig(model, "id") for model in items(answer.json, "data")]
    yield expect("missing models", [name for name in _named(target) if name not in listed], equals=[])
    inside = {"the provider's key": attempt.key, "the provider's address": attempt.header("host")}
    inside |= {f"the provider's name for {alias}": name for alias, name in target.declares.model_map.items()}
    shown = [what for what, text in inside.items() if text and text not in listed and text in answer.text]
    yield expect("shown of the provider", shown, equals=[])


@aliases.mutant(killed_by="missing models", trips=("models.get", "llm_proxy.*"))
class HidesAliases(Relay):
    """Only the first model of the configuration is listed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/models":
            return response
        return edits.body(response, lambda body: body.update(data=body["data"][:1]), having="data")


@aliases.mutant(killed_by="shown of the provider", trips=("auth.*",))
class TellsTheAddress(EditsModels):
    """Every model says at which address its provider is."""

    def edit(self, model: dict[str, Any]) -> dict[str, Any]:
        return {**model, "api_base": self.config.upstream}
