"""What the operator decides: environment variables with the prefix `LLM_PROXY__`, checked before anything starts."""

from __future__ import annotations

from .fields import Settings
from .loading import SettingsError, load_settings, unknown_variables

__all__ = ["Settings", "SettingsError", "load_settings", "unknown_variables"]
