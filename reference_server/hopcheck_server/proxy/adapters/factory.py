"""Makes the adapter for the settings."""

from __future__ import annotations

from dataclasses import replace

from hopcheck_server.proxy.adapters.backends import PlainProvider
from hopcheck_server.proxy.adapters.base import BaseLLMAdapter
from hopcheck_server.proxy.adapters.failover.adapter import FailoverAdapter
from hopcheck_server.proxy.adapters.failover.direct import DirectProvider
from hopcheck_server.proxy.adapters.litellm.workarounds import LiteLLMWorkarounds
from hopcheck_server.proxy.adapters.mock.adapter import MockAdapter
from hopcheck_server.proxy.adapters.transports.base import Destination, Transport, TransportLimits
from hopcheck_server.proxy.adapters.transports.raw import RawTransport
from hopcheck_server.proxy.adapters.upstream import UpstreamAdapter
from hopcheck_server.proxy.redaction import Redactor
from hopcheck_server.proxy.settings import Settings

WATCH_NAME = "llm-proxy-watch"
"""The User-Agent of this proxy's own requests to LiteLLM."""


def make_adapter(settings: Settings, redactor: Redactor) -> BaseLLMAdapter:
    """Make the adapter for these settings; `redactor` masks keys in what it answers."""
    if settings.llm_mode == "mock":
        return MockAdapter(settings)
    server, key = Destination(settings.upstream_root), settings.litellm_api_key.get_secret_value()
    transport = _transport(settings, server)
    if settings.backend == "openai":
        return UpstreamAdapter(settings, transport, PlainProvider(), redactor, key)
    # A pool of its own, so that a full one doesn't look like an outage.
    probing = _transport(settings, replace(server, agent=WATCH_NAME))
    probe = UpstreamAdapter(settings, probing, LiteLLMWorkarounds(), redactor, key)
    litellm = UpstreamAdapter(settings, transport, LiteLLMWorkarounds(), redactor, key)
    direct = _direct(settings, redactor)
    return FailoverAdapter(litellm, probe, settings.health_interval_s, settings.health_silence_s, direct)


def _direct(settings: Settings, redactor: Redactor) -> DirectProvider | None:
    if settings.direct_fallback_v1 is None:
        return None
    key = settings.direct_fallback_api_key.get_secret_value()
    transport = _transport(settings, Destination(settings.direct_fallback_v1.removesuffix("/v1")))
    # The operator has named its models: no list has to be fetched.
    unchecked = settings.model_copy(update={"check_models": False})
    provider = UpstreamAdapter(unchecked, transport, PlainProvider(), redactor, key)
    return DirectProvider(provider, settings.direct_fallback_models, settings.direct_fallback_surfaces)


def _transport(settings: Settings, destination: Destination) -> Transport:
    limits = TransportLimits(settings.connect_timeout_s, settings.max_connections)
    if settings.transport == "raw":
        return RawTransport(destination, limits)
    # Imported here, because it takes a second and tens of megabytes.
    from hopcheck_server.proxy.adapters.transports.openai_client import AsyncOpenAITransport

    return AsyncOpenAITransport(destination, limits)
