"""The table `[providers]` of the target file: which models reach which provider, by the upstream's dialect for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.config import ProviderModels
from hopcheck.report.settings_file import Reader, nearest
from hopcheck_server.upstream.dialects.registry import all_dialects

TABLE = "providers"


def read_providers(table: Mapping[str, Any], reader: Reader) -> dict[str, ProviderModels]:
    """Read the table: `anthropic = "claude-model"`, or `gemini = { chat = "…", embedding = "…" }`."""
    known = [dialect.name for dialect in all_dialects()]
    found: dict[str, ProviderModels] = {}
    for name, value in table.items():
        if name not in known:
            reader.complain(TABLE, "", f'has no provider "{name}"; {nearest(name, known)}')
            continue
        content = {"chat": value} if isinstance(value, str) else value
        models = reader.read(ProviderModels, content, f"{TABLE}.{name}")
        if models is not None:
            found[name] = models
    return found
