"""Who has no key gets nothing."""

from dataclasses import replace

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, contract_violations, expect

WRONG = "hopcheck-wrong-key"


@case("auth.required", level="MUST", refs=["RFC 9110 15.5.2", "litellm#1554"], needs=["own_keys", "two_sided"])
async def required(target: Target) -> Findings:
    """A request without a key, or with a wrong one, is answered with 401 and goes no further.

    403 for a wrong key refuses it as well; that it isn't 401 is worth no more than advice.
    """
    without = await target.chat.create(key="")
    wrong = await target.chat.create(key=WRONG)
    yield expect("status without a key", without.status, equals=401)
    yield expect("status with a wrong key", wrong.status, one_of=[401, 403])
    yield expect("401 for a wrong key", wrong.status, equals=401, level="SHOULD")
    yield expect(
        "error object", contract_violations("Error", without.json) + contract_violations("Error", wrong.json), equals=[]
    )
    attempts = await target.seen(without) + await target.seen(wrong)
    yield expect("upstream attempts", len(attempts), equals=0)


@required.mutant(killed_by="status without a key")
class LetsStrangersIn(Relay):
    """A key is checked only if there is one."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return await super().authorize(incoming) if incoming.key else None


@required.mutant(killed_by="status with a wrong key", trips=("errors.sdk-class", "auth.key-not-in-errors"))
class TakesAnyKey(Relay):
    """There must be a key, but nobody looks at it."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None if incoming.key else await super().authorize(incoming)


@required.mutant(killed_by="401 for a wrong key", trips=("errors.sdk-class",))
class SaysForbidden(Relay):
    """A wrong key is taken for one that may not do this."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        return replace(refusal, status=403) if refusal and incoming.key else refusal


@required.mutant(killed_by="error object", trips=("errors.*",))
class SaysDetail(Relay):
    """A refusal has the web framework's shape."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        return refusal and refusal.with_json({"detail": "Not authenticated"})


@required.mutant(killed_by="upstream attempts")
class AsksFirst(Relay):
    """The key is looked at when the provider has answered."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        refusal = await super().authorize(response.incoming)
        return refusal or response
