"""Who has no key learns nothing of a model."""

from hopcheck import Findings, IncomingRequest, NotApplicable, Operation, Relay, RelayedResponse, Target, case, expect
from hopcheck.cases.auth.credentials import wrong_headers

CLOSED = (400, 401, 403, 404, 405)
"""Statuses that describe no model; a gateway without look-ups has no such route."""


@case(
    "auth.model-lookup",
    level="MUST",
    on="models",
    because="the list of models is refused by `auth.required`",
    refs=["RFC 9110 15.5.2", "OAI retrieveModel"],
    needs=["own_keys", "model_list"],
)
async def model_lookup(target: Target, ask: Operation) -> Findings:
    """Without a key, or with a wrong one, no single model is described."""
    if (await ask(key="sk-hopcheck-nobodys-key")).status == 200:
        raise NotApplicable("any wrong key is let in, which auth.required judges")
    path = f"/models/{target.models.chat}"
    found = {"none": (await target.request("GET", path, key="")).status}
    for name, head in wrong_headers(target.config.api_key).items():
        found[name] = (await target.request("GET", path, key="", headers=head)).status
    let_in = {name: status for name, status in found.items() if status not in CLOSED}
    yield expect(
        "described to strangers",
        let_in,
        equals={},
        to="401 for each of them, or 404 where single models are not served",
    )


@model_lookup.mutant(killed_by="described to strangers")
class DescribesModelsToAll(Relay):
    """The list of models is guarded, and each of them isn't."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None if incoming.path.startswith("/v1/models/") else await super().authorize(incoming)
