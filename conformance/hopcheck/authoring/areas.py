"""The areas that cases belong to, and the groups of areas that users select by."""

from __future__ import annotations

from collections.abc import Mapping

AREAS = (
    "chat",
    "stream",
    "tools",
    "requests",
    "translation",
    "errors",
    "auth",
    "http",
    "rate_limit",
    "retry",
    "fallback",
    "timeout",
    "cancel",
    "resources",
    "isolation",
    "cache",
    "embeddings",
    "models",
    "responses",
    "messages",
    "sessions",
    "completions",
    "health",
    "openapi",
    "cost",
    "llm_proxy",
    "fuzz",
    "clients",
    "scenarios",
)
"""The first words of case ids; each is also the profile of its cases."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "core": ("chat", "stream", "tools", "models"),
    "security": ("auth", "isolation", "cache"),
    "resilience": ("retry", "fallback", "timeout", "rate_limit"),
    "lifecycle": ("cancel", "resources"),
}
"""Groups of areas, which `--profile` takes, too."""
