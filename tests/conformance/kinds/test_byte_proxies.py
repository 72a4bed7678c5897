"""A byte proxy that is declared gets no red line; one that isn't is recognised, judged as one, and reported to be."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from http_forwarder import HttpForwarder

from hopcheck.client.config import Declares, TargetConfig
from hopcheck.engine.verdict import FAILING, Outcome
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.options import GateOptions
from hopcheck.gate.run import GateResult, gate
from hopcheck.report.causes import causes_of
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.pipe import Pipe
from hopcheck_server.wire.pool import Origin

pytestmark = pytest.mark.whole_gate
KEY = "sk-of-the-client-1234"
CONNECTION_LEVEL = frozenset({"http.hop-by-hop"})
"""What a tunnel below HTTP can't do: it has no connection of its own whose fields it could take off."""


@asynccontextmanager
async def proxied(kind: str):
    """A running upstream, and the URL of a byte proxy in front of it."""
    async with await Upstream.start({}) as upstream:
        origin = Origin.of(upstream.url)
        async with await (Pipe(origin) if kind == "pipe" else HttpForwarder(origin)).start() as proxy:
            yield upstream.url, f"http://127.0.0.1:{proxy.port}/v1"


async def judged(kind: str, declares: Declares) -> GateResult:
    """The gate run on a byte proxy."""
    left_out = CONNECTION_LEVEL if kind == "pipe" else frozenset[str]()
    cases = [case for case in all_cases().values() if not (case.id in left_out or case.floods)]
    async with proxied(kind) as (upstream_url, base_url):
        config = TargetConfig(name=kind, base_url=base_url, api_key=KEY, upstream_url=upstream_url, declares=declares)
        return await gate(GateOptions(config=config, cases=cases), asyncio.Event(), lambda *_: None)


def red(result: GateResult) -> dict[str, Any]:
    """The failing cases and causes of a run."""
    cases = {
        one.case_id: [str(two) for two in one.failed] or one.reason for one in result.verdicts if one.outcome in FAILING
    }
    return cases | {str(cause): "" for cause in causes_of(result.verdicts)}


@pytest.mark.parametrize("kind", ["pipe", "http"])
def test_a_declared_byte_proxy_gets_no_red_line(kind: str) -> None:
    result = asyncio.run(judged(kind, Declares(transparent=True)))
    assert red(result) == {}
    assert result.suggestions == ()
    assert sum(one.outcome is Outcome.CONFORMS for one in result.verdicts) >= 80


def test_an_undeclared_one_is_recognised_and_suggests() -> None:
    result = asyncio.run(judged("http", Declares()))
    assert red(result) == {}
    assert [one.declaration for one in result.suggestions] == ["transparent = true"]
