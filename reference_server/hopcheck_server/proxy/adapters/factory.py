"""Makes the adapter for the settings."""

from __future__ import annotations

from hopcheck_server.proxy.adapters.backends import PlainProvider
from hopcheck_server.proxy.adapters.base import BaseLLMAdapter
from hopcheck_server.proxy.adapters.failover.adapter import FailoverAdapter
from hopcheck_server.proxy.adapters.failover.direct import DirectProvider
from hopcheck_server.proxy.adapters.litellm.workarounds import LiteLLMWorkarounds
from hopcheck_server.proxy.adapters.mock import MockAdapter
from hopcheck_server.proxy.adapters.transport import AsyncOpenAITransport, TransportLimits
from hopcheck_server.proxy.adapters.upstream import UpstreamAdapter
from hopcheck_server.proxy.settings import Settings

WATCH_NAME = "llm-proxy-watch"
"""The User-Agent of this proxy's own requests to LiteLLM."""


def make_adapter(settings: Settings) -> BaseLLMAdapter:
    """Make the adapter for these settings."""
    if settings.llm_mode == "mock":
        return MockAdapter(settings)
    key = settings.litellm_api_key.get_secret_value()
    transport = AsyncOpenAITransport(settings.upstream_v1, key, _limits(settings))
    if settings.backend == "openai":
        return UpstreamAdapter(settings, transport, PlainProvider())
    # A pool of its own, so that a full one doesn't look like an outage.
    probing = AsyncOpenAITransport(settings.upstream_v1, key, _limits(settings), {"User-Agent": WATCH_NAME})
    probe = UpstreamAdapter(settings, probing, LiteLLMWorkarounds())
    litellm = UpstreamAdapter(settings, transport, LiteLLMWorkarounds())
    direct = _direct(settings)
    return FailoverAdapter(litellm, probe, settings.health_interval_s, settings.health_silence_s, direct)


def _direct(settings: Settings) -> DirectProvider | None:
    if settings.direct_fallback_v1 is None:
        return None
    key = settings.direct_fallback_api_key.get_secret_value()
    transport = AsyncOpenAITransport(settings.direct_fallback_v1, key, _limits(settings))
    # The operator has named its models: no list has to be fetched.
    provider = UpstreamAdapter(settings.model_copy(update={"check_models": False}), transport, PlainProvider())
    return DirectProvider(provider, settings.direct_fallback_models)


def _limits(settings: Settings) -> TransportLimits:
    return TransportLimits(
        connect_s=settings.connect_timeout_s,
        read_s=max(settings.timeout_s, settings.stream_idle_timeout_s),
        connections=settings.max_connections,
    )
