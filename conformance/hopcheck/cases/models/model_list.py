"""The list of models."""

import asyncio
import time
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


class _EditsModels(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/models":
            return response
        return edits.body(
            response, lambda body: body.update(data=[self.edit(model) for model in body["data"]]), having="data"
        )

    def edit(self, model: dict[str, Any]) -> dict[str, Any]:
        return model


@list_shape.mutant(killed_by="shape")
class DatesInWords(_EditsModels):
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
        names.append(declares.fallback.primary)  # the backup may be the gateway's own matter
    return list(dict.fromkeys(names))


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
class TellsTheAddress(_EditsModels):
    """Every model says at which address its provider is."""

    def edit(self, model: dict[str, Any]) -> dict[str, Any]:
        return {**model, "api_base": self.config.upstream}


async def _created(target: Target) -> dict[str, int]:
    """When each model was created, by the list; and the model of healthy requests, where it can be looked up."""
    answer, one = await target.request("GET", "/models"), await target.request("GET", f"/models/{target.models.chat}")
    alone = {"looked up": one.at("created")} if one.status == 200 else {}
    return {**{str(dig(model, "id")): dig(model, "created") for model in items(answer.json, "data")}, **alone}


@case("models.stable-created", level="MAY", needs=["model_list"], refs=["litellm#5275"])
async def stable_created(target: Target) -> Findings:
    """A model's `created` is the same whenever it is asked for."""
    first = await _created(target)
    if any(isinstance(at, int) and at >= time.time() - 60 for at in first.values()):
        await asyncio.sleep(1.1)  # it may be the time of the answer, which only a later second can tell
    again = await _created(target)
    yield expect("created", again, equals=first)
    listed, alone = again.get(target.models.chat), again.get("looked up")
    yield expect("created, looked up", alone, one_of=[listed, None])


@stable_created.mutant(killed_by="created")
class CreatedNow(_EditsModels):
    """Every model has been created this moment."""

    def edit(self, model: dict[str, Any]) -> dict[str, Any]:
        return {**model, "created": int(time.time())}


@stable_created.mutant(killed_by="created, looked up")
class CountsFromAnotherYear(Relay):
    """A model that is looked up was created at another time than the list says, always the same."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if not response.incoming.path.startswith("/v1/models/"):
            return response
        return edits.body(response, lambda model: model.update(created=1), having="created")
