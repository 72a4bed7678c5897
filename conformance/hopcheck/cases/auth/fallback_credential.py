"""A backup is asked with its own key."""

from hopcheck import (
    GENERATING,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    reply,
)


@case(
    "auth.fallback-credential",
    level="MUST",
    on=GENERATING,
    refs=["litellm#37905"],
    needs=["own_account", "fallback"],
    upstream={"": reply.backup(reply.status(500), reply.chat("from the backup")), "direct": reply.chat("direct")},
)
async def fallback_credential(target: Target, ask: Operation) -> Findings:
    """A fallback goes to its provider with that provider's key, and without the first one's."""
    pair = target.declares.fallback
    assert pair is not None
    primary = await target.forwarded(await ask(script="direct", model=pair.primary))
    backup = await target.forwarded(await ask(script="direct", model=pair.backup))
    answer = await ask(model=pair.primary)
    fallen = [attempt for attempt in await target.seen(answer) if attempt.route != primary.route]
    yield expect(
        "backup's own key",
        [attempt.key == backup.key for attempt in fallen][-1:],
        equals=[True],
        to="one more attempt, at the backup, with the key that it has when it is asked by name",
    )
    leaked = [place for attempt in fallen for place in attempt.where(primary.key)] if primary.key != backup.key else []
    yield expect("primary's key at the backup", leaked, equals=[])


@fallback_credential.mutant(killed_by="backup's own key", trips=("fallback.*",))
class KeepsTheFirstKey(Relay):
    """On falling back only the model is exchanged."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.model == outgoing.model:
            return outgoing
        return outgoing.with_header("Authorization", f"Bearer {self.config.upstream_key}")


@fallback_credential.mutant(killed_by="primary's key at the backup", trips=("fallback.*",))
class AddsToTheHeaders(Relay):
    """An attempt keeps the headers of the one before, under names of their own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.incoming.model == outgoing.model:
            return outgoing
        return outgoing.with_header("x-first-key", self.config.upstream_key)
