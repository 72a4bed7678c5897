"""Readiness, while the backend goes and comes."""

import asyncio
import time

from hopcheck import (
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    backend_down,
    case,
    contract_violations,
    expect,
    refuse,
)

BOUND_S = 2.0
"""How long readiness may lag behind the backend, in seconds."""


@case(
    "llm_proxy.outage-ready",
    level="MUST",
    refs=["LLM-Proxy API"],
    needs=["llm_proxy", "outage"],
    isolation="exclusive",
    trips_on=("health.live:*",),
)
async def outage_ready(target: Target) -> Findings:
    """Readiness turns false, with what is wrong, when the backend goes, and true when it is back; liveness stays."""
    before = await _until(target, 200)
    async with backend_down(target) as restore:
        during, live = await _until(target, 503), await _health(target, "live")
        await restore()
        after = await _until(target, 200)
    yield expect("ready before", before.status, equals=200)
    yield expect("ready during the outage", during.status, equals=503)
    yield expect("what is wrong with the error", contract_violations("Error", during.json), equals=[])
    yield expect("alive during the outage", live.status, equals=200)
    yield expect("ready after the outage", after.status, equals=200)


async def _health(target: Target, what: str) -> Response:
    prefix = target.base_path.removesuffix("/v1")
    return await target.request("GET", f"/{prefix}/health/{what}", key="")


async def _until(target: Target, status: int) -> Response:
    """The first answer with that status, or the last one within the bound."""
    deadline_s = time.monotonic() + BOUND_S
    while True:
        asked_s = time.monotonic()
        answer = await _health(target, "ready")
        if answer.status == status or asked_s > deadline_s:
            return answer
        await asyncio.sleep(0.05)  # between two probes, as an orchestrator's


@outage_ready.mutant(killed_by="ready before")
class IsNeverReady(Relay):
    """Readiness waits for something that nobody does."""

    async def ready(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 503, "Starting.")


@outage_ready.mutant(killed_by="ready during the outage")
class IsAlwaysReady(Relay):
    """Readiness says that the process runs."""

    async def ready(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None


@outage_ready.mutant(killed_by="what is wrong with the error")
class SaysNotReady(Relay):
    """An unready proxy says so in a word."""

    async def ready(self, incoming: IncomingRequest) -> RelayedResponse | None:
        unready = await super().ready(incoming)
        return unready and unready.with_json({"status": "unready"})


@outage_ready.mutant(killed_by="alive during the outage")
class WantsToBeRestarted(Relay):
    """A proxy without its backend says that it is dead, so that it is restarted, which workarounds nothing."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.path == "/health/live" and not self.up:
            return refuse(incoming, 503, "Dead.")
        return await super().check(incoming)


@outage_ready.mutant(killed_by="ready after the outage")
class StaysUnready(Relay):
    """A proxy that was unready once stays so until it is restarted."""

    _refusals = 0

    async def ready(self, incoming: IncomingRequest) -> RelayedResponse | None:
        unready = await super().ready(incoming)
        self._refusals += unready is not None
        return refuse(incoming, 503, "The circuit is open.") if self._refusals else unready
