"""When models were created."""

import asyncio
import time
from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, items
from hopcheck.cases.models.model_list import EditsModels


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
class CreatedNow(EditsModels):
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
