"""What stands behind the target in a gate run: hopcheck's upstream, started here or found running, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from hopcheck.engine.context import RunContext
from hopcheck.gate.catalogue import all_scripts
from hopcheck.gate.options import GateOptions
from hopcheck.gate.preflight import PREFLIGHT_TIMEOUT_S
from hopcheck.gate.unfit import Unfit
from hopcheck_server.upstream.control.client import Control, ControlFailed, LocalControl, RemoteControl, probe
from hopcheck_server.upstream.control.port_holder import describe_holder
from hopcheck_server.upstream.server import PortInUse, Upstream


def run_context(options: GateOptions) -> AbstractAsyncContextManager[RunContext]:
    """Find or start the upstream that the options name, and make the context of a run with it.

    Raises:
        Unfit: There is none, and none can be started.
    """
    if options.one_sided:
        return _without_upstream(options)
    if options.config.upstream_url:
        return _running_upstream(options, options.config.upstream_url)
    return _own_upstream(options)


def _context(options: GateOptions, control: Control | None, upstream_url: str = "") -> RunContext:
    return RunContext(options.config, control, read_timeout_s=options.read_timeout_s, upstream_url=upstream_url)


@asynccontextmanager
async def _without_upstream(options: GateOptions) -> AsyncIterator[RunContext]:
    yield _context(options, None)


@asynccontextmanager
async def _running_upstream(options: GateOptions, url: str) -> AsyncIterator[RunContext]:
    """Use an upstream of ours that is already running, and send it the scripts, in case it has older ones."""
    control = RemoteControl(url)
    try:
        try:
            async with asyncio.timeout(PREFLIGHT_TIMEOUT_S):
                await control.load(all_scripts(options.cases))
        except (ControlFailed, TimeoutError) as failed:
            reason = " ".join(str(failed).split()) or f"no whole answer within {PREFLIGHT_TIMEOUT_S:g} s"
            raise Unfit(
                f"There is no upstream of hopcheck's at {url} ({reason}). "
                "Start one with `hopcheck upstream`, or let the gate start its own with --upstream-port."
            ) from None
        yield _context(options, control, url)
    finally:
        await control.aclose()


@asynccontextmanager
async def _own_upstream(options: GateOptions) -> AsyncIterator[RunContext]:
    """Start an upstream on the port where the target expects its provider, or use the one that is there already."""
    port = options.config.upstream_port
    if port is None:
        raise Unfit(
            "hopcheck doesn't know where the target expects its provider. Point the proxy's provider to "
            "http://127.0.0.1:9100/v1 and give --upstream-port 9100, or judge the client's side alone with --one-sided."
        )
    if await probe(port) == "ours":
        async with _running_upstream(options, f"http://127.0.0.1:{port}") as context:
            yield context
        return
    try:
        upstream = await Upstream.start(all_scripts(options.cases), port=port)
    except PortInUse:
        raise Unfit(
            f"Port {port}, where the target expects its provider, is held by something that isn't hopcheck's upstream: "
            f"{await describe_holder(port)}. Stop it, or give another --upstream-port and point the proxy there."
        ) from None
    except OSError as error:
        raise Unfit(f"hopcheck's upstream can't listen on port {port}: {error.strerror or error}.") from None
    async with upstream:
        yield _context(options, LocalControl(upstream), upstream.url)
