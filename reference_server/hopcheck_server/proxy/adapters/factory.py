"""Makes the adapter that the settings ask for."""

from __future__ import annotations

from ..settings import Settings
from .backends import PlainProvider
from .base import BaseLLMAdapter
from .direct import DirectFallback
from .failover import FailoverAdapter
from .litellm import LiteLLMAdapter
from .litellm_workarounds import LiteLLMWorkarounds
from .mock import FakeLLMAdapter
from .transport import AsyncOpenAITransport, Limits

WATCH_NAME = "llm-proxy-watch"
"""The User-Agent of what this proxy asks LiteLLM on its own account."""


def make_adapter(settings: Settings) -> BaseLLMAdapter:
    """The adapter for these settings."""
    if settings.llm_mode == "mock":
        return FakeLLMAdapter(settings)
    key = settings.litellm_api_key.get_secret_value()
    transport = AsyncOpenAITransport(settings.upstream_v1, key, _limits(settings))
    if settings.backend == "openai":
        return LiteLLMAdapter(settings, transport, PlainProvider())
    # Of its own, so that a full pool doesn't look like an outage.
    asking = AsyncOpenAITransport(settings.upstream_v1, key, _limits(settings), {"User-Agent": WATCH_NAME})
    probe = LiteLLMAdapter(settings, asking, LiteLLMWorkarounds())
    litellm = LiteLLMAdapter(settings, transport, LiteLLMWorkarounds())
    direct = _direct(settings)
    return FailoverAdapter(litellm, probe, settings.health_interval_s, settings.health_silence_s, direct)


def _direct(settings: Settings) -> DirectFallback | None:
    if settings.direct_fallback_v1 is None:
        return None
    key = settings.direct_fallback_api_key.get_secret_value()
    transport = AsyncOpenAITransport(settings.direct_fallback_v1, key, _limits(settings))
    # The operator has named its models: no list has to be asked for.
    provider = LiteLLMAdapter(settings.model_copy(update={"check_models": False}), transport, PlainProvider())
    return DirectFallback(provider, settings.direct_fallback_models)


def _limits(settings: Settings) -> Limits:
    return Limits(
        connect_s=settings.connect_timeout_s,
        read_s=max(settings.timeout_s, settings.stream_idle_timeout_s),
        connections=settings.max_connections,
    )
