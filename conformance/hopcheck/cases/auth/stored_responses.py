"""What is stored is shown to who has a key."""

from hopcheck import Findings, IncomingRequest, NotApplicable, Operation, Relay, RelayedResponse, Target, case, expect

ASKED = {
    "shown": ("GET", ""),
    "shown with its input": ("GET", "/input_items"),
    "ended": ("POST", "/cancel"),
    "forgotten": ("DELETE", ""),
}


@case(
    "auth.stored-responses",
    level="MUST",
    on="responses",
    because="a response is stored however it was sent",
    refs=["OAI Responses: get, delete, cancel, input_items", "RFC 9110 15.5.2"],
    needs=["own_keys", "two_sided"],
)
async def stored_responses(target: Target, ask: Operation) -> Findings:
    """Without a key, a stored response is neither shown, with its input, nor ended, nor forgotten."""
    if (await ask(key="sk-hopcheck-nobodys-key")).status == 200:
        raise NotApplicable("any wrong key is let in, which auth.required judges")
    path = f"{ask.path}/{(await ask(store=True)).at('id')}"
    answers = {what: await target.request(method, path + rest, key="") for what, (method, rest) in ASKED.items()}
    statuses = {what: one.status for what, one in answers.items()}
    refused = all((one or 0) // 100 == 4 for one in statuses.values())
    yield expect("statuses", statuses, holds=refused, to="4xx for each")


@stored_responses.mutant(killed_by="statuses")
class ShowsWhatIsStored(Relay):
    """Who knows a response's id needs no key."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None if incoming.path.startswith("/v1/responses/") else await super().authorize(incoming)
