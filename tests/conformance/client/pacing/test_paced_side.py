"""What a target's own rate limit refuses is sent again, however a case waits for it."""

from __future__ import annotations

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, refuse, reply
from hopcheck.client.pacing.paced_side import ASKED_AGAIN
from hopcheck.engine.verdict import Outcome


class RefusesEveryFirst(Relay):
    """Refuses the first request of each case, for a quarter of a second."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refused: set[bytes] = self.__dict__.setdefault("refused", set())
        if incoming.body not in refused:
            refused.add(incoming.body)
            return refuse(incoming, 429, "Slow down.", headers=(("retry-after-ms", "250"),))
        return await super().authorize(incoming)


def test_a_refused_request_arrives_at_last(case, bench) -> None:
    @case("chat.arrives", level="MUST", refs=["a"], upstream=reply.hang("headers"))
    async def arrives(target: Target) -> Findings:
        """A request arrives, though nobody reads its answer."""
        async with await target.chat.open() as live:
            attempt = await target.arrival(live.response.marker)
            live.hang_up()
        yield expect("model", attempt.json["model"], equals=target.models.chat)

    verdict = bench.judge([arrives], RefusesEveryFirst)["chat.arrives"]
    assert (verdict.outcome, verdict.notes) == (Outcome.CONFORMS, (ASKED_AGAIN,))


def test_the_first_event_is_not_a_refusals(case, bench) -> None:
    @case("chat.events", level="MUST", on="chat.stream", refs=["a"], upstream=reply.stream("hi"))
    async def events(target: Target) -> Findings:
        """A stream is read event by event, without a look at its head."""
        async with await target.chat.open() as live:
            yield expect("an event", await live.event() is not None, equals=True)
            yield expect("status", live.response.status, equals=200)

    verdict = bench.judge([events], RefusesEveryFirst)["chat.events"]
    assert (verdict.outcome, verdict.notes) == (Outcome.CONFORMS, (ASKED_AGAIN,))
