"""One gate run: find the upstream, look whether the target can be asked, run the cases.

Knows no printing and no files; `hopcheck.cli.gate` and `hopcheck.cli.demo` show and write what comes out.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hopcheck.authoring.findings import Finding, Verdict
from hopcheck.authoring.registry import WAYS, Case
from hopcheck.client import Target, load_sdk
from hopcheck.client.config import TargetConfig
from hopcheck.engine.run import DEFAULT_READ_TIMEOUT_S, RunContext, run
from hopcheck.engine.sessions import Session, hold
from hopcheck.engine.wire_contracts import load_contracts
from hopcheck.gate.catalogue import all_scripts
from hopcheck.gate.preflight import READ_TIMEOUT_S, Unfit, examine
from hopcheck_server.upstream.control.client import Control, ControlFailed, LocalControl, RemoteControl, probe
from hopcheck_server.upstream.server import PortInUse, Upstream
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.responses import ConnectFailed
from hopcheck_server.wire.tasks import unless


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What stands behind the target in the place of LiteLLM and an upstream.

    Attributes:
        control: What is asked for the attempts at the provider.
        url: Where the target should expect LiteLLM, without `/v1`.
        nonces: See `RunContext`; so are the others.
    """

    control: Control
    url: str
    nonces: Callable[[], Iterator[str]]
    excluded: Mapping[str, str]
    beside: Callable[[Case, Target], AsyncIterator[Finding]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a gate run is to do.

    Attributes:
        config: The target.
        cases: Those that are selected.
        jobs: How many at once.
        fail_fast: Stop at the first verdict that fails.
        one_sided: There is no upstream of ours behind the target.
        read_timeout_s: How long a target may be silent within a case.
        preflight_timeout_s: The same for the first request.
        wait_s: How long to wait for the target to listen.
        session: Cases that are run when all others are done.
        behind: What is behind the target, if it is no upstream of ours.
    """

    config: TargetConfig
    cases: Sequence[Case]
    session: Session | None = None
    jobs: int = 8
    fail_fast: bool = False
    one_sided: bool = False
    read_timeout_s: float = DEFAULT_READ_TIMEOUT_S
    preflight_timeout_s: float = READ_TIMEOUT_S
    wait_s: float = 0.0
    behind: Behind | None = None

    @property
    def selected(self) -> int:
        """How many cases are to be run."""
        return len(self.cases) + (len(self.session.cases) if self.session else 0)


@dataclass
class Outcome:
    """What a gate run came to.

    Attributes:
        started: When.
        verdicts: As far as it got.
        interrupted: Somebody stopped it.
        duration_s: Wall time.
        provider_key: What arrived at the upstream as the provider's key; kept out of reports.
    """

    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    verdicts: list[Verdict] = field(default_factory=list)
    interrupted: bool = False
    duration_s: float = 0.0
    provider_key: str = ""


T = TypeVar("T")

Watch = Callable[[str, Verdict | None], None]
"""Told of each case's id: with None when it begins, with its verdict when it ends."""


async def gate(plan: Plan, stopped: asyncio.Event, watch: Watch, fails: Callable[[Verdict], bool]) -> Outcome:
    """Judge a target.

    Args:
        plan: What to do.
        stopped: When it is set, the run ends with what was learnt so far.
        watch: Is told of progress.
        fails: Whether a verdict fails the gate, for `fail_fast`.

    Raises:
        Unfit: The target, or the upstream, can't be tested.
    """
    outcome, begun = Outcome(), time.monotonic()
    async with _upstream(plan) as (control, upstream_url):
        await unless(stopped, _listening(plan.config.base_url, plan.wait_s))
        health = await unless(stopped, examine(plan.config, control, upstream_url, plan.preflight_timeout_s))
        if health is None:
            outcome.interrupted = True
        else:
            outcome.provider_key = health.provider_key
            load_sdk()
            load_contracts()
            setting = _setting(plan, control)
            await _judge(plan, setting, outcome, stopped, watch, fails)
            if plan.session and not (plan.fail_fast and any(map(fails, outcome.verdicts))):
                secrets = (plan.config.api_key, plan.config.second_api_key, health.provider_key)
                async for verdict in hold(plan.session, setting, secrets, stopped, lambda case: watch(case.id, None)):
                    outcome.verdicts.append(verdict)
                    watch(verdict.case_id, verdict)
                outcome.interrupted = stopped.is_set()
    outcome.duration_s = time.monotonic() - begun
    return outcome


def _setting(plan: Plan, control: Control | None) -> RunContext:
    ways = WAYS - {"two_sided"} if plan.one_sided else WAYS
    setting = RunContext(plan.config, control, read_timeout_s=plan.read_timeout_s, ways=ways)
    behind = plan.behind
    if behind is None:
        return setting
    return replace(setting, nonces=behind.nonces, excluded=behind.excluded, beside=behind.beside)


async def _judge(
    plan: Plan,
    setting: RunContext,
    outcome: Outcome,
    stopped: asyncio.Event,
    watch: Watch,
    fails: Callable[[Verdict], bool],
) -> None:
    verdicts = run(plan.cases, setting, jobs=plan.jobs, begun=lambda case: watch(case.id, None))
    try:
        while True:
            verdict = await unless(stopped, _following(verdicts))
            if verdict is None:
                outcome.interrupted = stopped.is_set()
                return
            outcome.verdicts.append(verdict)
            watch(verdict.case_id, verdict)
            if plan.fail_fast and fails(verdict):
                return
    finally:
        await verdicts.aclose()


async def _listening(base_url: str, wait_s: float) -> None:
    """Wait until something listens there, as long as that may take; the doctor says if nothing does."""
    deadline_s = time.monotonic() + wait_s
    while time.monotonic() < deadline_s:
        try:
            connection = await Origin.of(base_url).connect(timeout_s=1.0)
        except ConnectFailed:
            await asyncio.sleep(0.2)  # a server that starts announces nothing
        else:
            connection.close()
            return


async def _following(verdicts: AsyncGenerator[Verdict, None]) -> Verdict | None:
    return await anext(verdicts, None)


def _upstream(plan: Plan) -> AbstractAsyncContextManager[tuple[Control | None, str]]:
    if plan.one_sided:
        return _nobody()
    if plan.behind is not None:
        return nullcontext((plan.behind.control, plan.behind.url))
    if plan.config.upstream_url:
        return _remote(plan.config.upstream_url, plan.cases)
    return _local(plan.config.upstream_port, plan.cases)


@asynccontextmanager
async def _nobody() -> AsyncIterator[tuple[None, str]]:
    yield None, ""


@asynccontextmanager
async def _remote(url: str, cases: Sequence[Case]) -> AsyncIterator[tuple[Control, str]]:
    """An upstream of ours that is already running: it is told the scripts, in case it knows older ones."""
    control = RemoteControl(url)
    try:
        try:
            await control.load(all_scripts(cases))
        except ControlFailed as failed:
            raise Unfit(
                f"There is no upstream of hopcheck's at {url} ({' '.join(str(failed).split())}). "
                "Start one with `hopcheck upstream`, or let the gate start its own with --upstream-port."
            ) from None
        yield control, url
    finally:
        await control.aclose()


@asynccontextmanager
async def _local(port: int | None, cases: Sequence[Case]) -> AsyncIterator[tuple[Control, str]]:
    """Our own upstream on the port where the target expects its provider, or the one that is there already."""
    if port is None:
        raise Unfit(
            "It isn't said where the target expects its provider. Point the proxy's provider to "
            "http://127.0.0.1:9100/v1 and give --upstream-port 9100, or judge the client's side alone with --one-sided."
        )
    holder = await probe(port)
    if holder == "ours":
        async with _remote(f"http://127.0.0.1:{port}", cases) as found:
            yield found
        return
    try:
        upstream = await Upstream.start(all_scripts(cases), port=port)
    except PortInUse:
        raise Unfit(
            f"Port {port}, where the target expects its provider, is held by something that isn't hopcheck's upstream. "
            "Stop it, or give another --upstream-port and point the proxy there."
        ) from None
    except OSError as error:
        raise Unfit(f"hopcheck's upstream can't listen on port {port}: {error.strerror or error}.") from None
    async with upstream:
        yield LocalControl(upstream), upstream.url
