"""Who has no key gets nothing."""

from dataclasses import replace

from hopcheck import (
    ALL,
    FORWARDED,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayConfig,
    RelayedResponse,
    Target,
    case,
    expect,
)
from hopcheck.cases.auth.credentials import odd_headers, wrong_headers

REFUSALS = (401, 403, 400)
"""Statuses that let nobody in: RFC 6750 has 400 for a header in which no key can be read."""

TRIPPED = ("auth.*", "errors.sdk-class", "http.request-id", "messages.*", "responses.own-errors")


@case(
    "auth.required",
    level="MUST",
    on=(*ALL, "count_tokens"),
    refs=["RFC 9110 15.5.2", "litellm#1554"],
    needs=["own_keys", "two_sided"],
)
async def required(target: Target, ask: Operation) -> Findings:
    """A request without a key, or with a wrong one, is refused with 401 and goes no further.

    403 refuses it as well, and so does 400 where no key can be read: that it is 401 is advice. Who shows the right key
    in another way is no stranger: that is advice, too.
    """
    without = await ask(key="")
    wrong = {name: await ask(key="", headers=head) for name, head in wrong_headers(target.config.api_key).items()}
    statuses = {name: one.status for name, one in wrong.items()}
    yield expect("status without a key", without.status, one_of=REFUSALS)
    let_in = {name: status for name, status in statuses.items() if status not in REFUSALS}
    yield expect("status with a wrong key", let_in, equals={}, to="401, 403 or 400 for each of them")
    others = {name: status for name, status in {"none": without.status, **statuses}.items() if status != 401}
    yield expect("401 for a wrong key", others, equals={}, to="401 for each of them", level="SHOULD")
    odd = {name: await ask(key="", headers=head) for name, head in odd_headers(target.config.api_key).items()}
    taken = {name: one.status for name, one in odd.items() if one.status not in REFUSALS}
    yield expect("the right key, shown otherwise", taken, equals={}, level="SHOULD")
    connection = await target.connect()
    await ask(connection=connection)
    after = await ask(key="hopcheck-wrong-key", connection=connection) if connection.reusable else without
    connection.close()
    # None: a server may close a connection at any time, and then nobody was let in.
    yield expect("status on a connection that has shown the key", after.status, one_of=(*REFUSALS, None))
    if ask.forwarded:
        attempts = [attempt for one in (without, *wrong.values()) for attempt in await target.seen(one)]
        yield expect("upstream attempts", len(attempts), equals=0)


@required.mutant(killed_by="status without a key", trips=("auth.*",))
class LetsStrangersIn(Relay):
    """A key is checked only if there is one."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return await super().authorize(incoming) if incoming.key else None


@required.mutant(killed_by="status with a wrong key", trips=TRIPPED)
class TakesAnyKey(Relay):
    """There must be a key, but nobody looks at it."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None if incoming.key else await super().authorize(incoming)


@required.mutant(killed_by="status on a connection that has shown the key", trips=("errors.sdk-class",))
class KnowsConnections(Relay):
    """A connection on which a right key came needs none any more."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self._known: set[int] = set()

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        if refusal is None:
            self._known.add(incoming.exchange.connection)
        return None if incoming.exchange.connection in self._known else refusal


@required.mutant(killed_by="the right key, shown otherwise")
class LooksForTheKey(Relay):
    """A key counts wherever it stands in the header."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        shown = (incoming.header("authorization") or "").rpartition(" ")[2]
        return None if shown in self.config.client_keys else await super().authorize(incoming)


@required.mutant(killed_by="401 for a wrong key", trips=("errors.sdk-class",))
class SaysForbidden(Relay):
    """A wrong key is taken for one that may not do this."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        return replace(refusal, status=403) if refusal and incoming.key else refusal


@required.mutant(killed_by="upstream attempts", on=(*FORWARDED, "count_tokens"), trips=TRIPPED)
class AsksFirst(Relay):
    """The key is looked at when the provider has answered."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        refusal = await super().authorize(response.incoming)
        return refusal or response
