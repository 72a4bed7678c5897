"""The class of an exchange follows from what the provider did, from what is declared, and from who ended it."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck import Findings, Relay, Target, expect, reply
from hopcheck.engine import exchange_judge
from hopcheck.engine.exchanges.forecast import Forecast, forecast_of

SCRIPTS = {
    "success": reply.chat("Hel", "lo"),
    "recovered": [reply.status(500), reply.chat("hello")],
    "error": reply.status(400),
    "cut": reply.chat("Hel", "lo", " and", " more", cut_at=40),
    "misframed": reply.chat("hello", content_length=10),
    "malformed": reply.json_body({"id": 7}),
}


@pytest.fixture
def forecasts(case, bench, monkeypatch: pytest.MonkeyPatch):
    """Judge a relay by one request; gives the forecasts of the exchanges."""
    found: list[Forecast] = []

    def noted(*given: Any) -> Forecast:
        found.append(forecast_of(*given))
        return found[-1]

    monkeypatch.setattr(exchange_judge, "forecast_of", noted)

    def judge(function: Any) -> list[Forecast]:
        bench.judge([case("chat.one", level="MUST", refs=["a"], upstream=SCRIPTS)(function)], Relay)
        return found

    return judge


@pytest.mark.parametrize(
    ("script", "forecast"),
    [
        ("success", Forecast.CLEAN),
        ("recovered", Forecast.CLEAN),
        ("error", Forecast.FAULTED),
        ("cut", Forecast.FAULTED),
        ("misframed", Forecast.FAULTED),
        ("malformed", Forecast.FAULTED),
    ],
)
def test_forecast_of_what_the_provider_does(forecasts, script: str, forecast: Forecast) -> None:
    async def one(target: Target) -> Findings:
        """It is asked."""
        yield expect("asked", (await target.chat.create(script=script)).status is not None, equals=True)

    assert forecasts(one) == [forecast]


def test_a_refusal_of_the_target_s_is_its_own(forecasts) -> None:
    async def one(target: Target) -> Findings:
        """It is asked for nothing that there is."""
        yield expect("status", (await target.chat.create(model="no-such-model")).status, equals=404)

    assert forecasts(one) == [Forecast.OWN]


def test_a_client_that_leaves_excuses(forecasts) -> None:
    async def one(target: Target) -> Findings:
        """It is left."""
        async with await target.chat.open(script="success") as live:
            await target.arrival(live.response.marker)
        yield expect("left", live.response.ended, equals="left")

    assert forecasts(one) == [Forecast.EXCUSED]
