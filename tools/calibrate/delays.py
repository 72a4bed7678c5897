"""Relays that are late by a known time: they calibrate the measurement.

Each is the healthy relay with one delay. It waits in a busy loop, so that the delay is exact to microseconds and leaves
the processor awake. The header `x-hopcheck-added-ms` has the real delay, which is longer on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import sys
from collections.abc import AsyncIterator, Sequence
from time import monotonic_ns
from typing import ClassVar

from hopcheck_contracts.sse import Event
from hopcheck_server.relay import Events, OutgoingRequest, Relay, RelayConfig, RelayedResponse, RelayServer
from hopcheck_server.wire import event_loop

SEED = 7

HUNDRED = 100

REPORT = "x-hopcheck-added-ms"


def late(seconds: float) -> float:
    """Wait in a busy loop; returns how many seconds it really took."""
    begun = now = monotonic_ns()
    end = begun + round(seconds * 1e9)
    while now < end:
        now = monotonic_ns()
    return (now - begun) / 1e9


class Late(Relay):
    """Delays every request by `delay_s`."""

    mean_s: ClassVar[float] = 0.0

    def __init__(self, config: RelayConfig) -> None:
        """Draw from the same seed each time."""
        super().__init__(config)
        self.random = random.Random(SEED)  # noqa: S311 - nothing secret
        self.last_s = 0.0

    def delay_s(self) -> float:
        """Return the delay of the next request."""
        return self.mean_s

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Wait before it goes upstream."""
        self.last_s = late(self.delay_s())
        return outgoing

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Report the real delay in a header."""
        return response.with_header(REPORT, f"{self.last_s * 1e3:.6f}")


class Distributed(Late):
    """Delays requests by a distribution; each hundred requests get the same hundred delays, shuffled.

    So every hundred have exactly the distribution's quantiles, in every measurement.
    """

    def __init__(self, config: RelayConfig) -> None:
        """Begin with the first hundred."""
        super().__init__(config)
        self._left: list[float] = []

    def delay_s(self) -> float:
        """Return the next of the hundred delays."""
        if not self._left:
            self._left = [self.quantile_s((place + 0.5) / HUNDRED) for place in range(HUNDRED)]
            self.random.shuffle(self._left)
        return self._left.pop()

    def quantile_s(self, share: float) -> float:
        """Return a quantile of the distribution."""
        raise NotImplementedError


class Exponential(Distributed):
    """Delays requests by an exponentially distributed time, 2 ms on average."""

    mean_s = 0.002

    def quantile_s(self, share: float) -> float:
        """Return the inverse of the distribution function."""
        return -self.mean_s * math.log(1 - share)


class Bimodal(Distributed):
    """Delays four in five requests by 2 ms, the others by 8 ms."""

    def quantile_s(self, share: float) -> float:
        """Return 2 ms or 8 ms."""
        return 0.002 if share < 0.8 else 0.008


class LateFirst(Relay):
    """Delays a stream's first event with content, and so all later ones."""

    mean_s: ClassVar[float] = 0.001

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        """Wait once: before the second event, the first one has but a role."""
        number = 0
        async for event in events:
            number += 1
            if number == 2:
                late(self.mean_s)
            yield event.raw


class LateEvents(Relay):
    """Delays every event of a stream by `mean_s`."""

    mean_s: ClassVar[float] = 0.0005

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        """Wait before each event."""
        async for event in events:
            late(self.mean_s)
            yield event.raw


class EventsOnTime(LateEvents):
    """Delays no event, by the same code."""

    mean_s = 0.0


class InPairs(Relay):
    """Holds every other event back, and sends it together with the next one."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        """Join events in pairs, after the first, which has no text."""
        held: list[Event] = []
        async for event in events:
            held.append(event)
            if len(held) == 2 or (event.data and '"role"' in event.data):
                yield b"".join(one.raw for one in held)
                held.clear()
        if held:
            yield held[0].raw


def constant(milliseconds: float) -> type[Late]:
    """Return a relay that delays every request by a constant time."""
    return type(f"Late{milliseconds:g}", (Late,), {"mean_s": milliseconds / 1e3})


CONSTANTS_MS = (0.1, 0.5, 1.0, 5.0, 20.0)

ON_TIME = "on-time"
EVENTS_ON_TIME = "events-on-time"
"""The relays that delays are compared with: they run the same code as the late ones, with a delay of 0.

Compared with the plain relay, a delay would seem longer by the code that waits and reports, which runs cold.
"""

RELAYS: dict[str, type[Relay]] = {
    "base": Relay,
    ON_TIME: constant(0.0),
    EVENTS_ON_TIME: EventsOnTime,
    **{f"late-{delay:g}ms": constant(delay) for delay in CONSTANTS_MS},
    "exponential": Exponential,
    "bimodal": Bimodal,
    "late-first": LateFirst,
    "late-events": LateEvents,
    "in-pairs": InPairs,
}
"""The relays by the first part of their path."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve all relays, each at `/<name>/v1`."""
    parser = argparse.ArgumentParser(prog="python -m tools.calibrate.delays", description=__doc__)
    parser.add_argument("--upstream", required=True, metavar="URL", help="the provider's base URL, with its /v1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args(argv)
    event_loop.run(_serve(arguments.upstream, arguments.port))
    return 0


async def _serve(upstream: str, port: int) -> None:
    config = RelayConfig(upstream=upstream)
    relays = {name: relay(config) for name, relay in RELAYS.items()}
    async with await RelayServer(relays).start(port=port) as server:
        print(f"hopcheck relays on {server.base_url()}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
