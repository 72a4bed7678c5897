"""LLM-Proxy, the reference: a thin, LiteLLM-backed proxy that keeps the contract.

`python -m hopcheck_server.proxy` serves it; `create_app` makes the ASGI application, and `run` serves it
with given settings.
"""

from __future__ import annotations

from hopcheck_server.proxy.app import create_app
from hopcheck_server.proxy.server import run, run_from_environment
from hopcheck_server.proxy.settings import ProxySettingsError, Settings, load_settings

__all__ = [
    "Settings",
    "ProxySettingsError",
    "client_keys",
    "create_app",
    "load_settings",
    "run",
    "run_from_environment",
]
