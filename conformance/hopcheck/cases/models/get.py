"""One model."""

from urllib.parse import quote

from hopcheck import (
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    dig,
    edits,
    expect,
    items,
    refuse,
)

AT_MOST = 20
"""How many of the listed models are looked up."""


@case("models.get", level="SHOULD", needs=["model_list"], refs=["OAI retrieveModel"])
async def get(target: Target) -> Findings:
    """Every listed model can be looked up by its id, also one with a slash, and an unknown one is a 404 error."""
    model = (await target.request("GET", f"/models/{target.models.chat}")).json
    yield expect("model", [dig(model, "id"), *contract_violations("Model", model)], equals=[target.models.chat])
    listed = items((await target.request("GET", "/models")).json, "data")
    yield expect("listed but not found", await _not_found(target, [dig(one, "id") for one in listed]), equals=[])
    unknown = await target.request("GET", "/models/no-such-model")
    yield expect("status of an unknown model", unknown.status, equals=404)
    dated = await target.request("GET", f"/models/{target.models.chat}-2024-01-01")
    yield expect("status of an unknown version", dated.status, equals=404)
    yield expect("error of an unknown model", contract_violations("Error", unknown.json), equals=[])


async def _not_found(target: Target, ids: list[str]) -> list[str]:
    """The ids whose look-up isn't a 200; slashes are escaped as official clients do, or in small letters, as others."""
    asked = [quote(name, safe="") for name in ids if isinstance(name, str)][:AT_MOST]
    ways = dict.fromkeys(way for name in asked for way in (name, name.replace("%2F", "%2f")))
    return [way for way in ways if (await target.request("GET", f"/models/{way}")).status != 200]


class _LooksUp(Relay):
    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return self.found(response) if response.incoming.path.startswith("/v1/models/") else response

    def found(self, response: RelayedResponse) -> RelayedResponse:
        return response


@get.mutant(killed_by="model")
class AnswersWithAnother(_LooksUp):
    """Whichever model is asked for, the first is answered."""

    def found(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(id=self.config.models[-1]), having="owned_by")


@get.mutant(killed_by="model")
class AnswersWithAList(_LooksUp):
    """A model says that it is a list."""

    def found(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(object="list"), having="owned_by")


@get.mutant(killed_by="listed but not found")
class StopsAtSlashes(Relay):
    """The route takes one segment, so a model with a slash in its name can't be found."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.path.startswith("/v1/models/") and "%2F" in incoming.path:
            return refuse(incoming, 404, "Not found.")
        return await super().check(incoming)


@get.mutant(killed_by="listed but not found")
class KnowsOneEscape(Relay):
    """A slash is known as `%2F`, and not as `%2f`."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        is_other = incoming.path.startswith("/v1/models/") and "%2f" in incoming.path
        return refuse(incoming, 404, "Not found.") if is_other else await super().check(incoming)


@get.mutant(killed_by="status of an unknown model")
class MakesModelsUp(_LooksUp):
    """A model that doesn't exist is described all the same."""

    def found(self, response: RelayedResponse) -> RelayedResponse:
        name = response.incoming.path.rpartition("/")[2]
        made_up = {"id": name, "object": "model", "created": 0, "owned_by": "system"}
        found = RelayedResponse(response.incoming, 200, response.headers).with_json(made_up)
        return found if response.status == 404 else response


@get.mutant(killed_by="error of an unknown model", trips=("errors.*",))
class HasItsOwnErrors(_LooksUp):
    """The error about an unknown model has the web framework's own shape."""

    def found(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({"detail": "Not Found"}) if response.status == 404 else response


@get.mutant(killed_by="status of an unknown version")
class KnowsVersions(Relay):
    """A model is found by the beginning of its id."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.path.startswith(f"/v1/models/{self.config.models[0]}"):
            incoming.path = f"/v1/models/{self.config.models[0]}"
        return await super().check(incoming)
