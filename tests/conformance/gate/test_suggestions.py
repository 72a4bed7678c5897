"""What preflight's probes suggest, and that only what is plain is suggested."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hopcheck.client import SessionOptions, Target
from hopcheck.client.config import Declares, TargetConfig
from hopcheck.engine.verdict import Outcome
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.options import GateOptions
from hopcheck.gate.probes import send_probes
from hopcheck.gate.run import GateResult, gate
from hopcheck.gate.suggestions import suggest
from hopcheck.gate.unfit import Unfit
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay import IncomingRequest, Relay, RelayedResponse
from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.honest.kinds import AsksForNoKey, GivesOneChoice, ListsNoModels, PassesKeysOn
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.pipe import Pipe
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import Server, ServerExchange


class LetsStrangersIn(Relay):
    """Requests without a key pass, wrong keys don't."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return await super().authorize(incoming) if incoming.key else None


def suggested(relay: type[Relay], **declares: Any) -> list[str]:
    """The declarations that are suggested for a relay."""

    async def main() -> list[str]:
        async with RelayHost({"relay": relay}, []) as host:
            target = Target(host.context("relay").config, host.control, SessionOptions(expects_limits=True))
            config = replace(target.config, declares=Declares(**declares))
            return [one.declaration for one in suggest(config, await send_probes(target, host.control))]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("relay", "declarations"),
    [
        (Relay, []),
        (PassesKeysOn, ['auth = "passthrough"']),
        (AsksForNoKey, ['auth = "none"']),
        (LetsStrangersIn, []),
        (ListsNoModels, ["models = false"]),
        (GivesOneChoice, ["choices = false"]),
    ],
)
def test_what_is_plainly_seen_is_suggested(relay: type[Relay], declarations: list[str]) -> None:
    assert suggested(relay) == declarations


@pytest.mark.parametrize(
    ("relay", "declares"),
    [
        (PassesKeysOn, {"auth": "passthrough"}),
        (AsksForNoKey, {"auth": "keys"}),
        (ListsNoModels, {"models": False}),
        (GivesOneChoice, {"choices": False}),
        (PassesKeysOn, {"transparent": True}),
    ],
)
def test_nothing_is_suggested_of_what_is_declared(relay: type[Relay], declares: dict[str, Any]) -> None:
    assert suggested(relay, **declares) == []


@pytest.mark.parametrize("relay", [PassesKeysOn, AsksForNoKey])
def test_a_gateway_that_checks_no_key_is_red_once_and_suggests(
    relay: type[Relay],
) -> None:
    async def main() -> tuple[dict[str, Outcome], list[str]]:
        async with RelayHost({"relay": relay}, []) as host:
            config = host.context("relay").config
            config = replace(config, upstream_url=host.upstream.url, declares=replace(config.declares, auth=None))
            cases = [case for case in all_cases().values() if case.profile == "auth"]
            result = await gate(GateOptions(config=config, cases=cases), asyncio.Event(), lambda *_: None)
            return {one.case_id: one.outcome for one in result.verdicts}, [one.key for one in result.suggestions]

    outcomes, keys = asyncio.run(main())
    assert keys == ["auth"]
    assert [name for name, outcome in outcomes.items() if outcome is Outcome.DEVIATES] == ["auth.required"]


class ReadsAnotherHeader(Relay):
    """The key stands in `api-key`, as on Azure; Authorization isn't read."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return None if incoming.header("api-key") == "sk-right" else refuse(incoming, 401, "Access denied.")


@pytest.mark.parametrize(
    ("headers", "beginning", "red"),
    [
        ({"api-key": "sk-right"}, "It reads no key in Authorization", []),
        ({"x-team": "sk-right"}, "It asks for no key", ["auth.required"]),
    ],
)
def test_a_key_in_another_header_lets_nobody_in(headers: dict[str, str], beginning: str, red: list[str]) -> None:
    relay = ReadsAnotherHeader if "api-key" in headers else AsksForNoKey

    async def main() -> GateResult:
        async with RelayHost({"relay": relay}, []) as host:
            config = replace(host.context("relay").config, upstream_url=host.upstream.url, headers=headers)
            config = replace(config, declares=replace(config.declares, auth=None))
            cases = [case for case in all_cases().values() if case.profile == "auth"]
            return await gate(GateOptions(config=config, cases=cases), asyncio.Event(), lambda *_: None)

    result = asyncio.run(main())
    assert [one.seen.partition(":")[0] for one in result.suggestions] == [beginning]
    assert [one.case_id for one in result.verdicts if one.outcome is Outcome.DEVIATES] == red


async def unfit(path: str, handler: Any = None) -> str:
    """Why a byte proxy, or a server with this handler, can't be tested at a path."""
    async with await Upstream.start({}) as upstream:
        server = Server(handler) if handler else Pipe(Origin.of(upstream.url))
        async with await server.start() as target:
            config = target_config(f"http://127.0.0.1:{target.port}{path}", upstream.url)
            with pytest.raises(Unfit) as caught:
                await gate(GateOptions(config=config, cases=[]), asyncio.Event(), lambda *_: None)
    return str(caught.value)


def target_config(base_url: str, upstream_url: str) -> TargetConfig:
    return TargetConfig(name="t", base_url=base_url, api_key="sk-one", upstream_url=upstream_url)


async def limits(exchange: ServerExchange) -> None:
    await exchange.respond(429, "application/json", b'{"error": {"message": "Slow down."}}')


async def serves_below_v1(exchange: ServerExchange) -> None:
    found = exchange.target.startswith("/v1/")
    await exchange.respond(200 if found else 404, "application/json", b'{"choices": []}' if found else b"{}")


def test_a_path_that_no_provider_serves_is_named() -> None:
    assert "it asked hopcheck's upstream for POST /v1/nowhere" in asyncio.run(unfit("/v1/nowhere"))


def test_a_url_without_its_v1_is_corrected() -> None:
    assert "/v1: give that as the URL." in asyncio.run(unfit("", serves_below_v1))


def test_a_used_up_rate_limit_is_named() -> None:
    assert "its rate limit is used up" in asyncio.run(unfit("/v1", limits))
