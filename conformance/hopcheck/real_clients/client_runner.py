"""Runs clients through the target, each in every scenario, with hopcheck's upstream behind it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hopcheck.authoring.findings import Finding
from hopcheck.client.config import TargetConfig
from hopcheck.real_clients.client_run import ClientRun
from hopcheck.real_clients.command_line_client import CommandLineClient, Invocation
from hopcheck.real_clients.scenarios import SCENARIOS, Scenario, Sighting
from hopcheck.real_clients.sealed_process import empty_home, run_sealed
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.script.marker import Marker, script_name
from hopcheck_server.upstream.script.reply import script_of
from hopcheck_server.upstream.script.turns import Script
from hopcheck_server.wire.tasks import cancel, unless

LIMIT_S = 25.0
"""How long one run of a client may take."""

DEFAULT_JOBS = 4


@dataclass(frozen=True, kw_only=True)
class ScenarioResult:
    """What one scenario showed.

    Attributes:
        client: Its name.
        model: The model that it asked for.
        scenario: The scenario.
        run: What its user saw.
        attempts: What the provider saw.
        findings: What was compared.
    """

    client: str
    model: str
    scenario: Scenario
    run: ClientRun
    attempts: Sequence[Attempt]
    findings: Sequence[Finding]

    @property
    def holds(self) -> bool:
        """Whether all of it is right."""
        return all(finding.ok for finding in self.findings)


@dataclass(frozen=True)
class ClientToRun:
    """A client that is there, and the model that it is to ask for."""

    client: CommandLineClient
    program: Path
    model: str


class ClientRunner:
    """Runs clients, several at the same time.

    Args:
        config: The target.
        control: Of the upstream behind it.
        jobs: How many clients run at the same time.
        limit_s: How long each may take.
    """

    def __init__(
        self, config: TargetConfig, control: Control, *, jobs: int = DEFAULT_JOBS, limit_s: float = LIMIT_S
    ) -> None:
        self._config = config
        self._control = control
        self._places = asyncio.Semaphore(jobs)
        self._limit_s = limit_s

    async def run(self, clients: Sequence[ClientToRun], stopped: asyncio.Event) -> list[ScenarioResult]:
        """Run every client in every scenario; returns the results of those that had ended when it was stopped."""
        await self._control.load(scripts(one.client for one in clients))
        pairs = [(one, scenario) for one in clients for scenario in SCENARIOS]
        runs = [asyncio.create_task(self.run_scenario(*pair)) for pair in pairs]
        await unless(stopped, _all_of(runs))
        return [run.result() for run in runs if not run.cancelled()]

    async def run_scenario(self, one: ClientToRun, scenario: Scenario) -> ScenarioResult:
        """Run a client in one scenario."""
        client = one.client
        marker = Marker.make(_script(client, scenario), client.surface, secrets.token_hex(6))
        async with self._places:
            run = await self._invoke(one, scenario, str(marker))
        attempts = await self._control.attempts(str(marker))
        await self._control.forget(str(marker))
        retries = scenario.retries + self._config.declares.retries
        findings = list(scenario.judge(Sighting(client, run, attempts, retries)))
        return ScenarioResult(
            client=client.name, model=one.model, scenario=scenario, run=run, attempts=attempts, findings=findings
        )

    async def _invoke(self, one: ClientToRun, scenario: Scenario, marker: str) -> ClientRun:
        async with empty_home() as home:
            asked = Invocation(
                program=one.program,
                home=home,
                base_url=self._config.base_url,
                key=self._config.api_key or "none",
                model=one.model,
                prompt=f"Say hello. {marker}",
                retries=scenario.retries,
            )
            one.client.prepare(asked)
            command = [str(one.program), *one.client.arguments(asked)]
            end = await run_sealed(command, home, one.client.environment(asked), self._limit_s)
        run = one.client.read(end.exit_code, end.stdout, end.stderr)
        return replace(run, hosts=end.hosts, duration_s=end.duration_s)


async def _all_of(runs: Sequence[asyncio.Task[ScenarioResult]]) -> None:
    try:
        await asyncio.gather(*runs)
    finally:
        await cancel(runs)


def scripts(clients: Iterable[CommandLineClient]) -> dict[str, Script]:
    """The upstream's scripts for these clients, by name."""
    return {
        _script(client, scenario): script_of(scenario.script(client)) for client in clients for scenario in SCENARIOS
    }


def _script(client: CommandLineClient, scenario: Scenario) -> str:
    return script_name(f"clients.{client.name}", scenario.name)
