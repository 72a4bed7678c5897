"""Whether a mutant that survives is inert on an operation: whether it does what the healthy relay does, to the byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.client.providers.nonces import fixed_nonces
from hopcheck.engine.case_run import run_case
from hopcheck.selftest.relay_host import RelayHost
from hopcheck.selftest.wire_sides import request_side, response_side
from hopcheck_server.relay import Relay
from hopcheck_server.wire.tasks import bounded_map

JOBS = 4
"""How many mutants are compared at once."""

NAME = "relay"


async def inert_among(pairs: Sequence[tuple[type[Relay], Case]]) -> list[bool]:
    """Whether each relay, on its case, does the same as the healthy relay on both sides."""

    async def is_inert(pair: tuple[type[Relay], Case]) -> bool:
        relay, case = pair
        return await _seen(relay, case) == await _seen(Relay, case)

    return await bounded_map(is_inert, pairs, JOBS)


async def _seen(relay: type[Relay], case: Case) -> list[Any]:
    """What both sides see of a case on a relay of its own."""
    async with RelayHost({NAME: relay}, [case]) as host:
        context = replace(host.context(NAME), nonces=fixed_nonces, wire_log=True, contracts=False)
        verdict = await run_case(case, context)
        port = context.config.base_url.split("/")[2]
    sides = [request_side(one) if one["side"] == "upstream" else response_side(one) for one in verdict.exchanges]
    return sorted(repr(side).replace(port, "host") for side in sides)
