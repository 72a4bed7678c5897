"""A client that hangs up while it waits ends its request at the provider."""

from hopcheck import STREAMED, Findings, Operation, Target, case, expect, reply
from hopcheck.cases.cancel.hang_up import ServesNobody, how_it_ended


@case(
    "cancel.before-first",
    level="SHOULD",
    on=STREAMED,
    because="it is about leaving a stream",
    refs=["litellm#31499", "claude-code-proxy#114"],
    upstream=reply.hang("body"),
)
async def before_first(target: Target, ask: Operation) -> Findings:
    """A client that hangs up before a stream's first event ends it at the provider within 5 s."""
    async with await ask.open() as live:
        await target.arrival(live.response.marker)
        live.hang_up()
    yield expect("the provider's stream", await how_it_ended(target, live.response.marker), equals="hung-up")


@case(
    "cancel.nonstream",
    level="SHOULD",
    on=["chat", "responses", "messages", "embeddings"],
    because="streams have cases of their own",
    refs=["litellm#37140", "litellm#13774", "litellm#30223"],
    upstream=reply.hang("headers"),
)
async def nonstream(target: Target, ask: Operation) -> Findings:
    """A client that hangs up while it waits for an answer in one piece ends the request at the provider within 5 s."""
    async with await ask.open() as live:
        await target.arrival(live.response.marker)
        live.hang_up()
    yield expect("the provider's request", await how_it_ended(target, live.response.marker), equals="hung-up")


before_first.mutant(killed_by="the provider's stream", trips=("cancel.*", "resources.*"))(ServesNobody)
nonstream.mutant(killed_by="the provider's request")(ServesNobody)
