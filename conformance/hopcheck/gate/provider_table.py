"""The table `[providers]` of the target file: which models reach which provider, by the upstream's dialect for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hopcheck.client.config import Models
from hopcheck.report.settings_file import Reader, nearest
from hopcheck_server.upstream.dialects.registry import all_dialects

TABLE = "providers"


@dataclass(frozen=True, kw_only=True)
class _ProviderModels:
    """The models of a provider, as clients name them; an API that none is named for isn't asked."""

    chat: str
    embedding: str = ""
    messages: str | None = None
    responses: str | None = None


def read_providers(table: Mapping[str, Any], reader: Reader) -> dict[str, Models]:
    """Read the table: `anthropic = "claude-model"`, or `gemini = { chat = "…", embedding = "…" }`."""
    known = [dialect.name for dialect in all_dialects()]
    found: dict[str, Models] = {}
    for name, value in table.items():
        if name not in known:
            reader.complain(TABLE, "", f'has no provider "{name}"; {nearest(name, known)}')
            continue
        content = {"chat": value} if isinstance(value, str) else value
        models = reader.read(_ProviderModels, content, f"{TABLE}.{name}")
        if models is not None:
            found[name] = Models(**asdict(models))
    return found
