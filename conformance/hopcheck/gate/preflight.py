"""Preflight: one marked request before the cases shows whether the target can be tested, and one sentence says why not.

Otherwise a refused key, a server that is down or a proxy with another provider would be 150 red lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from hopcheck.client import Response, Target, Untestable, describe
from hopcheck.client.config import TargetConfig
from hopcheck.engine.context import RunContext

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
    """

    server: str
    provider_key: str


async def examine(context: RunContext, read_timeout_s: float) -> PreflightResult:
    """Send one marked request, and look whether it arrived.

    Args:
        context: What the cases will be run against.
        read_timeout_s: How long the target may be silent.

    Raises:
        Unfit: The cases would say nothing about this target.
    """
    config, control = context.config, context.control
    target = Target(config, control, case_id="preflight", read_timeout_s=read_timeout_s, expects_limits=True)
    try:
        response = await target.chat.create()
    except Untestable as untestable:
        raise Unfit(
            f"Nothing answers at {config.base_url} ({untestable}). Start the proxy, or correct the URL."
        ) from None
    if response.status is None:
        raise Unfit(_silence(config, response, read_timeout_s))
    arrived = await control.attempts(response.marker) if control else []
    if control is not None:
        await control.forget(response.marker)
    complaint = _complaint(config, response, context.upstream_url if control else "", arrived=bool(arrived))
    if complaint:
        raise Unfit(complaint)
    return PreflightResult(response.header("server") or "", arrived[-1].key if arrived else "")


def _silence(config: TargetConfig, response: Response, read_timeout_s: float) -> str:
    if response.ended == "timeout":
        return (
            f"{config.base_url} took the connection but did not answer within {read_timeout_s:g} s. "
            "Look at the proxy's log: it may be waiting for its provider."
        )
    return f"{config.base_url} took the connection but gave no HTTP answer ({response.detail or response.ended})."


def _complaint(config: TargetConfig, response: Response, upstream_url: str, *, arrived: bool) -> str:
    answered = f"{config.base_url} answered {describe(response)}"
    error = response.error if isinstance(response.error, dict) else {}
    if response.status in (401, 403) or error.get("type") == "no_db_connection":
        return f"{answered}: it refuses the key. Give the name of the variable that holds one with --api-key-env."
    if response.at("choices") is None and error == {}:
        return f"{answered}, which is no OpenAI-compatible answer. Is this the base URL, with its /v1?"
    if response.status == 200 and upstream_url and not arrived:
        return f"{config.base_url} answers, but not from hopcheck's upstream. Point its provider to {upstream_url}/v1."
    if response.status != 200 and upstream_url and not arrived:
        return (
            f"{answered}, and nothing arrived at hopcheck's upstream. Point its provider to {upstream_url}/v1, "
            f"and see that it serves the model {config.models.chat!r} (or name another under [models])."
        )
    if response.status == 200:
        return ""
    if upstream_url:
        return f"{answered} to a plain request that its provider answered well."
    return f"{answered} to a plain request. See that its provider is there, and that it serves {config.models.chat!r}."
