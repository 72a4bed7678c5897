"""LLM-Proxy, the reference: a thin, LiteLLM-backed proxy that keeps the contract.

`python -m hopcheck_server.proxy` serves it; `create_app` gives the ASGI application, `run` serves it with the
settings given.
"""

from __future__ import annotations

from .app import create_app
from .serving import run, run_from_environment
from .settings import Settings, SettingsError, load_settings

__all__ = ["Settings", "SettingsError", "create_app", "load_settings", "run", "run_from_environment"]
