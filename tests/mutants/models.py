"""Mutants of the cases about lists of models."""

import time
from dataclasses import replace

from hopcheck import IncomingRequest, Relay, RelayConfig, RelayedResponse, edits, refuse
from hopcheck.selftest.independent import violates

from .llm_proxy import EditsEntries


@violates("models.aliases")
class NamesTheRoot(EditsEntries):
    """Each entry names the provider's model behind it as its root."""

    def edit(self, entries: list) -> list:
        return [{**one, "root": self.config.upstream_models.get(one["id"], one["id"])} for one in entries]


@violates("models.aliases")
class HidesTheAlias(EditsEntries):
    """A model with another name at its provider isn't listed."""

    def edit(self, entries: list) -> list:
        return [one for one in entries if one["id"] not in self.config.upstream_models]


@violates("models.get")
class ReadsNoEscapes(Relay):
    """A model's id with an escaped slash isn't found."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if "%2f" in incoming.path.lower():
            return refuse(incoming, 404, "There is no such model.", code="model_not_found")
        return await super().check(incoming)


@violates("models.get")
class FindsEveryModel(Relay):
    """An unknown model is described like a known one."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        name = response.incoming.path.removeprefix("/v1/models/")
        if response.status != 404 or name == response.incoming.path:
            return response
        entry = {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "hopcheck"}
        return replace(response, status=200).with_json(entry)


@violates("models.list-shape")
class CreatedHasAFraction(EditsEntries):
    """The last model was created at a fraction of a second."""

    def edit(self, entries: list) -> list:
        return [*entries[:-1], {**entries[-1], "created": entries[-1]["created"] + 0.5}]


@violates("models.list-shape")
class ListHasNoObject(Relay):
    """The list doesn't say that it is one."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.incoming.path != "/v1/models":
            return response
        return edits.body(response, lambda body: body.pop("object"), having="data")


@violates("models.stable-created")
class CreatedWhenAsked(Relay):
    """A single model was created now, it says, other than in the list."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if not response.incoming.path.startswith("/v1/models/"):
            return response
        return edits.body(response, lambda body: body.update(created=int(time.time())), having="created")


@violates("models.stable-created")
class CreatedWithEachList(EditsEntries):
    """Every list has models that were created a second later than in the last one."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.lists = 0

    def edit(self, entries: list) -> list:
        self.lists += 1
        return [{**one, "created": one["created"] + self.lists} for one in entries]
