"""A summary of the settings without secrets, for `hopcheck serve --check`."""

from __future__ import annotations

from pydantic import SecretStr

from hopcheck_server.proxy.settings.fields import Settings, variable
from hopcheck_server.proxy.settings.table import shown, unit_of

_SUMMARISED = {
    "llm_mode",
    "backend",
    "litellm_proxy_url",
    "direct_fallback_url",
    "direct_fallback_models",
    "direct_fallback_surfaces",
}


def outline(settings: Settings, address: str) -> str:
    """Return the address, what answers, which keys are set, and which other settings differ from their defaults."""
    lines = [
        f"LLM-Proxy {settings.version} would listen on {address}.",
        _backend(settings),
        *_direct_provider(settings),
        *(_key(settings, name) for name in Settings.model_fields if _is_key(settings, name)),
        *(_changed(settings, name) for name in settings.model_fields_set if _is_plain(settings, name)),
    ]
    return "\n".join([*lines[:1], *(f"  {line}" for line in lines[1:])])


def _backend(settings: Settings) -> str:
    if settings.llm_mode == "mock":
        return "It answers by itself, with fixed words (mode mock)."
    who = "LiteLLM" if settings.backend == "litellm" else "An OpenAI-compatible provider"
    return f"{who} at {settings.upstream_v1} answers."


def _direct_provider(settings: Settings) -> list[str]:
    if settings.direct_fallback_v1 is None:
        return []
    models = shown(dict(settings.direct_fallback_models))
    surfaces = ", ".join(settings.direct_fallback_surfaces)
    return [f"While LiteLLM is down, {settings.direct_fallback_v1} answers for {models} ({surfaces})."]


def _is_key(settings: Settings, name: str) -> bool:
    return isinstance(getattr(settings, name), SecretStr)


def _key(settings: Settings, name: str) -> str:
    is_set = bool(getattr(settings, name).get_secret_value())
    return f"{variable(name)} is {'set' if is_set else 'not set'}."


def _is_plain(settings: Settings, name: str) -> bool:
    default = Settings.model_fields[name].get_default(call_default_factory=True, validated_data={})
    return name not in _SUMMARISED and not _is_key(settings, name) and getattr(settings, name) != default


def _changed(settings: Settings, name: str) -> str:
    unit = unit_of(Settings.model_fields[name])
    return f"{variable(name)} is {shown(getattr(settings, name))}{'' if not unit or '`' in unit else f' {unit}'}."
