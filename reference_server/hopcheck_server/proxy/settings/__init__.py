"""The settings: environment variables with the prefix `LLM_PROXY__`, checked before the start."""

from __future__ import annotations

from hopcheck_server.proxy.settings.fields import Settings
from hopcheck_server.proxy.settings.loading import (
    ProxySettingsError,
    clients_of,
    export_variables,
    load_settings,
    unknown_variables,
)

__all__ = ["Settings", "ProxySettingsError", "clients_of", "export_variables", "load_settings", "unknown_variables"]
