"""Preflight: a few requests before the cases show whether the target can be tested, and what kind of gateway it is.

Otherwise a refused key, a server that is down or a proxy with another provider would be 150 red lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hopcheck.client import Response, Target, Untestable, describe
from hopcheck.client.config import TargetConfig
from hopcheck.client.session import CHAT_PATH
from hopcheck.engine.context import RunContext
from hopcheck.gate.probes import send_probes
from hopcheck.gate.suggestions import Suggestion, suggest
from hopcheck_server.upstream.control.client import Control
from hopcheck_server.upstream.journal.attempt import Attempt

PREFLIGHT_TIMEOUT_S = 20.0
"""How long the first response may take, in seconds; some proxies load much on their first request."""


class Unfit(Exception):
    """The target can't be tested; the text says why, and how to correct that."""


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

    Where cassettes are recorded or played there are no probes: they would be requests that no cassette has.

    Args:
        context: What the cases will be run against.
        read_timeout_s: How long the target may be silent.

    Raises:
        Unfit: The cases would say nothing about this target.
    """
    config, control = context.config, context.control
    target = _target(config, control, read_timeout_s)
    response = await _ask(target)
    if response.status is None:
        raise Unfit(_silence(config, response, read_timeout_s))
    arrived = await control.attempts(response.marker) if control else []
    if control is not None:
        await control.forget(response.marker)
    last = arrived[-1] if arrived else None
    complaint = complaint_about(config, response, context.upstream_url if control else "", last)
    if complaint:
        raise Unfit(complaint + await _other_prefix(context, response, read_timeout_s))
    probes = await send_probes(target, control) if control and context.nonces is None else None
    suggestions = suggest(config, probes) if probes else []
    return PreflightResult(response.header("server") or "", last.key if last else "", tuple(suggestions))


def _target(config: TargetConfig, control: Control | None, read_timeout_s: float) -> Target:
    return Target(config, control, case_id="preflight", read_timeout_s=read_timeout_s, expects_limits=True)


async def _ask(target: Target) -> Response:
    try:
        return await target.chat.create()
    except Untestable as untestable:
        raise Unfit(
            f"Nothing answers at {target.config.base_url} ({untestable}). Start the proxy, or correct the URL."
        ) from None


async def _other_prefix(context: RunContext, response: Response, read_timeout_s: float) -> str:
    """Where the API is, if a 404 was answered and it is found with `/v1` at the URL's end, or without."""
    url = context.config.base_url
    if response.status != 404:
        return ""
    other = url.removesuffix("/v1") if url.endswith("/v1") else f"{url}/v1"
    target = _target(replace(context.config, base_url=other), context.control, read_timeout_s)
    found = await _ask(target)
    return f" The API is found at {other}: give that as the URL." if found.status == 200 else ""


def _silence(config: TargetConfig, response: Response, read_timeout_s: float) -> str:
    if response.ended == "timeout":
        return (
            f"{config.base_url} took the connection but did not answer within {read_timeout_s:g} s. "
            "Look at the proxy's log: it may be waiting for its provider."
        )
    return f"{config.base_url} took the connection but gave no HTTP answer ({response.detail or response.ended})."


def complaint_about(config: TargetConfig, response: Response, upstream_url: str, attempt: Attempt | None) -> str:
    """Why cases would say nothing about a target that answered a plain request so; "" if they would.

    Args:
        config: The target.
        response: Its response.
        upstream_url: Where the target should find its provider; "" where that isn't known.
        attempt: What arrived at the upstream.
    """
    answered = f"{config.base_url} answered {describe(response)}"
    error = response.error if isinstance(response.error, dict) else {}
    if attempt is not None and attempt.response is not None and attempt.response.status in (404, 405):
        return (
            f"{answered}: it asked hopcheck's upstream for {attempt.method} {attempt.path}, which no provider serves. "
            f"Correct the provider's URL in the proxy's configuration, so that it asks for {upstream_url}/v1"
            f"{CHAT_PATH}, or correct the path of the target's URL."
        )
    if response.status in (401, 403) or error.get("type") == "no_db_connection":
        return f"{answered}: it refuses the key. Give the name of the variable that holds one with --api-key-env."
    if response.status == 429:
        return f"{answered}: its rate limit is used up. Wait until its window ends, or give hopcheck a key with more."
    if response.at("choices") is None and error == {}:
        return f"{answered}, which is no OpenAI-compatible answer. Is this the base URL, with its /v1?"
    if response.status == 200 and upstream_url and attempt is None:
        return f"{config.base_url} answers, but not from hopcheck's upstream. Point its provider to {upstream_url}/v1."
    if response.status == 200:
        return ""
    if upstream_url and attempt is None:
        return (
            f"{answered}, and nothing arrived at hopcheck's upstream. Point its provider to {upstream_url}/v1, "
            f"and see that it serves the model {config.models.chat!r} (or name another under [models])."
        )
    if upstream_url:
        return f"{answered} to a plain request that its provider answered well."
    return f"{answered} to a plain request. See that its provider is there, and that it serves {config.models.chat!r}."
