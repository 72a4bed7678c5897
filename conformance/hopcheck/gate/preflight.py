"""Preflight: a few requests before the cases show whether the target can be tested, and what kind of gateway it is.

Otherwise a refused key, a server that is down or a proxy with another provider would be 150 red lines.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from hopcheck.client import Response, SessionOptions, Target, Untestable
from hopcheck.client.config import TargetConfig
from hopcheck.engine.context import RunContext
from hopcheck.gate.probes import Probes, send_probes
from hopcheck.gate.suggestions import Suggestion, suggest
from hopcheck.gate.unfit import Unfit, complaint_about, listed_models, silence, unfinished
from hopcheck_server.upstream.control.client import Control

PREFLIGHT_TIMEOUT_S = 15.0
"""How long preflight may take in all, in seconds; some proxies load much on their first request."""

MAX_BODY_BYTES = 1 << 20
"""How much of a response preflight reads."""


@dataclass(frozen=True)
class PreflightResult:
    """What the first request showed.

    Attributes:
        server: The target's Server header, or "".
        provider_key: The key that arrived at the upstream, or ""; cases about secrets look for it.
        suggestions: What the target's file should declare.
    """

    server: str
    provider_key: str
    suggestions: tuple[Suggestion, ...] = ()


async def examine(context: RunContext, read_timeout_s: float) -> PreflightResult:
    """Send one marked request and look whether it arrived; then send the probes.

    Where cassettes are recorded or played there are no probes: they would be requests that no cassette has. A provider
    of another dialect is asked once, without probes. Probes that the target doesn't answer in time suggest nothing.

    Args:
        context: What the cases will be run against.
        read_timeout_s: How long the target may be silent.

    Raises:
        Unfit: The cases would say nothing about this target.
    """
    ends_at = asyncio.get_running_loop().time() + PREFLIGHT_TIMEOUT_S
    config, control = context.config, context.control
    target = _target(config, control, read_timeout_s)
    response = await _ask(target, ends_at)
    arrived = await control.attempts(response.marker) if control else []
    if control is not None:
        await control.forget(response.marker)
    last = arrived[-1] if arrived else None
    complaint = complaint_about(config, response, context.upstream_url if control else "", last)
    if complaint:
        elsewhere = await _other_prefix(context, response, read_timeout_s, ends_at)
        raise Unfit(complaint + (elsewhere or await _other_models(target, response, ends_at)))
    is_probed = control and context.nonces is None and not config.provider
    probes = await _probes(target, control, ends_at) if control and is_probed else None
    suggestions = suggest(config, probes) if probes else []
    return PreflightResult(response.header("server") or "", last.key if last else "", tuple(suggestions))


def _target(config: TargetConfig, control: Control | None, read_timeout_s: float) -> Target:
    options = SessionOptions(case_id="preflight", read_timeout_s=read_timeout_s, expects_limits=True)
    target = Target(config, control, options)
    target.max_body_bytes = MAX_BODY_BYTES
    return target


async def _ask(target: Target, ends_at: float) -> Response:
    """The answer to a plain request.

    Args:
        target: Nothing was asked of it yet.
        ends_at: When to stop waiting, by the event loop's clock.

    Raises:
        Unfit: None came, or none that has an end.
    """
    config, begun = target.config, time.monotonic()
    try:
        async with asyncio.timeout_at(ends_at) as bound:
            await target.chat.create()
    except TimeoutError:
        if not bound.expired():
            raise
    except Untestable as untestable:
        raise Unfit(
            f"Nothing answers at {config.base_url} ({untestable}). Start the proxy, or correct the URL."
        ) from None
    waited_s = time.monotonic() - begun
    if not target.responses:
        raise Unfit(f"Nothing takes a connection at {config.base_url} within {waited_s:.0f} s. Correct the URL.")
    response = target.responses[-1]
    complaint = (silence if response.status is None else unfinished)(config, response, waited_s)
    if complaint:
        raise Unfit(complaint)
    return response


async def _probes(target: Target, control: Control, ends_at: float) -> Probes | None:
    try:
        async with asyncio.timeout_at(ends_at) as bound:
            return await send_probes(target, control)
    except TimeoutError:
        if not bound.expired():
            raise
        return None


async def _other_models(target: Target, response: Response, ends_at: float) -> str:
    """Which models the target lists, if it refused a request for one that it doesn't list."""
    if response.status not in (400, 403, 404, 422):
        return ""
    try:
        async with asyncio.timeout_at(ends_at):
            found = await target.request("GET", "/models")
    except (TimeoutError, Untestable):
        return ""
    return listed_models(target.config, found)


async def _other_prefix(context: RunContext, response: Response, read_timeout_s: float, ends_at: float) -> str:
    """Where the API is, if a 404 was answered and it is found with `/v1` at the URL's end, or without."""
    url = context.config.base_url
    if response.status != 404:
        return ""
    other = url.removesuffix("/v1") if url.endswith("/v1") else f"{url}/v1"
    target = _target(replace(context.config, base_url=other), context.control, read_timeout_s)
    try:
        found = await _ask(target, ends_at)
    except Unfit:
        return ""
    return f" The API is found at {other}: give that as the URL." if found.status == 200 else ""
