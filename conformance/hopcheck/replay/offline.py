"""A gate run without LiteLLM: cassettes are played in its place, to the reference proxy or to the user's own."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.isolation import Isolation
from hopcheck.client import SessionOptions, Target, Untestable, load_sdk
from hopcheck.client.config import Declares, TargetConfig
from hopcheck.client.providers.nonces import fixed_nonces
from hopcheck.engine.context import RunContext
from hopcheck.engine.exchanges.complaint import RunKnowledge
from hopcheck.engine.wire_contracts import load_contracts
from hopcheck.gate.catalogue import all_scripts
from hopcheck.gate.options import GateOptions
from hopcheck.gate.target_file import packaged_target
from hopcheck.gate.unfit import Unfit
from hopcheck.replay.attempts import KEYS
from hopcheck.replay.cassette_folder import CassetteFolder
from hopcheck.replay.findings import ReplayFindings
from hopcheck.replay.live_only import cassette_of_case, live_only, without_burst
from hopcheck.replay.scripted_faults import needs_unreachable
from hopcheck.replay.server import ReplayServer
from hopcheck.report.run_summary import Replay
from hopcheck_server.chain.processes import Progress
from hopcheck_server.chain.reference import serve_reference
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.server import Upstream

WAKE_UP_S = 10.0
"""How long a proxy may take to notice that its backend is there."""

IDLE_S = 2.0
"""The reference proxy's read timeout within a stream: longer than any silence of LiteLLM's on a cassette."""

LEFT_OUT = frozenset({"cleanup", "credentials", "identity", "unprovoked"})
"""Invariants that no cassette can show: recordings repeat, hold no keys, and their provider waits for nobody."""

REFERENCE_DECLARES: Mapping[str, Any] = {"timeout_s": IDLE_S}
"""What the reference proxy itself declares, whatever LiteLLM does."""

NOWHERE = "http://127.0.0.1:1/v1"
"""The reference proxy's address until it has one."""


@dataclass
class ReplayRun:
    """A gate run with cassettes behind its target.

    Attributes:
        options: The options of the run, for the target that it has.
        context: What the cases are run against.
        cassettes: The cassettes that are played.
        server: The replay server.
    """

    options: GateOptions
    context: RunContext
    cassettes: CassetteFolder
    server: ReplayServer

    def replay(self) -> Replay:
        """The report's summary of the replay; its problems are the misses that belong to no case of the run."""
        ran = cassettes_of(self.options)
        problems = [miss for name, misses in self.server.misses.items() if name not in ran for miss in misses]
        cassettes = self.cassettes
        return Replay(str(cassettes.folder), cassettes.versions, len(cassettes.cassettes), problems)


@asynccontextmanager
async def offline(
    options: GateOptions, cassettes: CassetteFolder, *, own_proxy: bool, progress: Progress | None = None
) -> AsyncIterator[ReplayRun]:
    """Play cassettes while the context lasts, and start the reference proxy in front of them.

    Args:
        options: The run. Its target's key is the reference proxy's, too.
        cassettes: The cassettes to play.
        own_proxy: The target of the options is running, and expects LiteLLM on the target's `upstream_port`.
        progress: Called with what is being waited for.

    Raises:
        Unfit: The port is taken.
        ProcessError: The reference proxy couldn't be started.
    """
    cassettes = cassettes.of_providers(options.providers)
    litellm_key = "" if own_proxy else f"sk-hopcheck-{secrets.token_urlsafe(24)}"
    reads_clock = cassettes_of(replace(options, cases=[case for case in options.cases if case.reads_clock]))
    options = replace(options, cases=[_alone(case) if needs_unreachable(case) else case for case in options.cases])
    async with await Upstream.start(all_scripts(options.cases)) as scripted_backend:
        server = ReplayServer(
            cassettes.cassettes,
            scale=lambda name: 1.0 if name in reads_clock else 0.0,
            key=litellm_key,
            secret=KEYS["provider"],
            scripted_backend=scripted_backend,
        )
        server.load(all_scripts(options.cases))
        await _listen(server, options.config.upstream_port or 0 if own_proxy else 0)
        async with server:
            if own_proxy:
                await _wait_until_noticed(options.config)
                yield ReplayRun(options, _context(options, cassettes, server, {}), cassettes, server)
                return
            async with _reference(server.url, litellm_key, options.config, progress) as config:
                options = replace(options, config=config)
                yield ReplayRun(options, _context(options, cassettes, server, REFERENCE_DECLARES), cassettes, server)


def cassettes_of(options: GateOptions) -> set[str]:
    """The names of the cassettes of a run's cases, whether or not they were recorded."""
    providers = options.providers or ("",)
    return {cassette_of_case(case, provider) for provider in providers for case in options.cases}


def _alone(case: Case) -> Case:
    """The case, to be run while no other case runs."""
    mixes = case.isolation in (Isolation.SHARED, Isolation.RATE_WINDOW)
    return replace(case, isolation=Isolation.EXCLUSIVE) if mixes else case


def _context(
    options: GateOptions, cassettes: CassetteFolder, server: ReplayServer, own: Mapping[str, Any]
) -> RunContext:
    """What cases are run against, with the server in the place of LiteLLM and its provider."""
    return RunContext(
        options.config,
        LocalControl(server),
        read_timeout_s=options.read_timeout_s,
        upstream_url=server.url,
        nonces=fixed_nonces,
        pace=None,
        known=RunKnowledge(left_out=LEFT_OUT, has_clock=False),
        excluded={
            **without_burst(options.cases, cassettes.cassettes),
            **live_only(options.cases, cassettes.cassettes, cassettes.unrecorded, options.providers),
        },
        extra_findings=ReplayFindings(server, own=own),
    )


@asynccontextmanager
async def _reference(
    url: str, litellm_key: str, config: TargetConfig, progress: Progress | None
) -> AsyncIterator[TargetConfig]:
    """Run the reference proxy in front of that address; yields the target with the proxy's own address."""
    loading = asyncio.ensure_future(asyncio.to_thread(_load))  # while the proxy starts
    with tempfile.TemporaryDirectory(prefix="hopcheck-replay-") as folder:
        log_file = Path(folder) / "reference.log"
        settings = {"STREAM_IDLE_TIMEOUT_S": str(IDLE_S)}
        serving = serve_reference(
            url, litellm_key, log_file=log_file, key=config.api_key, settings=settings, progress=progress
        )
        async with serving as proxy:
            await loading
            yield replace(config, base_url=proxy.base_url, log_file=str(log_file))


def _load() -> None:
    """Load what the gate needs before its first case."""
    load_sdk()
    load_contracts(Declares())


async def _listen(server: ReplayServer, port: int) -> None:
    try:
        await server.start(port=port)
    except OSError as error:
        raise Unfit(f"the replay can't listen on port {port}: {error.strerror or error}.") from None


async def _wait_until_noticed(config: TargetConfig) -> None:
    """Wait until a proxy that found no LiteLLM has noticed that there is one; preflight reports it if it never does."""
    with suppress(Untestable):
        await Target(config, None, SessionOptions(read_timeout_s=WAKE_UP_S)).recovered(within_s=WAKE_UP_S)


def reference_target() -> TargetConfig:
    """The reference proxy as a target, before it runs."""
    key = f"sk-hopcheck-{secrets.token_urlsafe(24)}"
    return packaged_target("reference", key, {"base_url": NOWHERE, "log_file": "reference.log"})
