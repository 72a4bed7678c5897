"""Reads the settings from the environment or a file of variables, with one sentence for each mistake."""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import ValidationError

from hopcheck_server.proxy.client_keys import DEFAULT_CLIENT, ClientKeys, ClientKeysError, digest_of, parse_clients
from hopcheck_server.proxy.settings.fields import PUBLIC_DEFAULT_KEY, Settings, variable
from hopcheck_server.proxy.settings.types import PREFIX

# Arguments of pydantic-settings, such as the file's name, aren't in the signature that a type checker sees.
_read: Callable[..., Settings] = Settings

MAKE_A_KEY = """python -c "import secrets; print(secrets.token_urlsafe(32))\""""


class ProxySettingsError(Exception):
    """The settings are invalid; `mistakes` has one sentence for each mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load_settings(env_file: Path | None = None, **given: Any) -> Settings:
    """Read `env_file`, overridden by the environment, overridden by `given` (field names).

    Raises:
        SettingsError: With one sentence for each mistake; none quotes a value that may be a secret.
    """
    if env_file is not None:
        _check_file(env_file)
    try:
        settings = _read(_env_file=env_file, **given)
    except ValidationError as error:
        raise ProxySettingsError([_sentence(dict(item)) for item in error.errors(include_input=False)]) from None
    mistakes = [
        *_unsafe_keys(settings),
        *_unusable_clients(settings),
        *_idle_fallback(settings),
        *_missing_extra(settings),
    ]
    if mistakes:
        raise ProxySettingsError(mistakes)
    return settings


def export_variables(env_file: Path) -> None:
    """Put the settings of a file that the environment lacks into it, for the processes that this one starts."""
    for name, value in dotenv_values(env_file).items():
        if name.upper().startswith(PREFIX) and value is not None:
            os.environ.setdefault(name, value)


def unknown_variables(env_file: Path | None = None) -> list[str]:
    """Return a sentence for each variable with the prefix that isn't a setting: usually a typing error."""
    known = [variable(name) for name in Settings.model_fields]
    held = {*os.environ, *(dotenv_values(env_file) if env_file else ())}
    strange = sorted(name for name in held if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [f"{name} is no setting of this proxy and has no effect{_suggestion(name, known)}." for name in strange]


def _suggestion(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(_own_part(name), map(_own_part, known), 1, cutoff=0.75)
    return f" (the nearest one is {PREFIX}{near[0]})" if near else ""


def _own_part(name: str) -> str:
    """The name without the prefix, which all have in common."""
    return name.upper().removeprefix(PREFIX)


def _check_file(path: Path) -> None:
    """Raise for what the parser ignores: a missing file, and lines that aren't `NAME=value`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProxySettingsError(
            [f"{path} can't be read: {getattr(error, 'strerror', None) or 'it is not text'}."]
        ) from None
    wrong = [binding.original.line for binding in parse_stream(io.StringIO(text)) if binding.error]
    if wrong:
        raise ProxySettingsError([f"{path}, line {line}: must be NAME=value." for line in wrong])


def _sentence(item: dict[str, Any]) -> str:
    name = variable(".".join(str(part) for part in item["loc"][:1]))
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{name}: {message[:1].lower() + message[1:]}."


def _unsafe_keys(settings: Settings) -> list[str]:
    key, name = settings.internal_api_key.get_secret_value(), variable("internal_api_key")
    if not key and not (settings.client_keys or settings.client_keys_file):
        return [f"{name} is empty, so anybody could use this proxy; make a key with: {MAKE_A_KEY}"]
    if settings.llm_mode == "litellm" and key == PUBLIC_DEFAULT_KEY:
        mistake = f"{name} is the public default '{PUBLIC_DEFAULT_KEY}', which everybody knows"
        return [f"{mistake}; make a key of your own with: {MAKE_A_KEY}"]
    return []


def clients_of(settings: Settings) -> ClientKeys:
    """Return the clients of these settings. Raises ClientKeysError."""
    fixed = parse_clients(settings.client_keys)
    if own := settings.internal_api_key.get_secret_value():
        fixed[digest_of(own.encode())] = DEFAULT_CLIENT
    return ClientKeys(fixed, settings.client_keys_file)


def _unusable_clients(settings: Settings) -> list[str]:
    try:
        clients_of(settings)
    except ClientKeysError as error:
        return [str(error)]
    return []


def _missing_extra(settings: Settings) -> list[str]:
    if settings.otel and find_spec("opentelemetry.sdk") is None:
        return [f"{variable('otel')} needs OpenTelemetry's SDK: pip install 'hopcheck[metrics]'."]
    return []


def _idle_fallback(settings: Settings) -> list[str]:
    """Return a sentence for a fallback that would never be used."""
    url, models = variable("direct_fallback_url"), variable("direct_fallback_models")
    if settings.direct_fallback_url and not settings.direct_fallback_models:
        return [f"{url} has no effect without {models}, the names of the models that go there."]
    if settings.direct_fallback_models and not settings.direct_fallback_url:
        return [f"{models} has no effect without {url}, the address of the provider that answers them."]
    if settings.direct_fallback_url and settings.backend == "openai":
        return [f"{url} is for when LiteLLM is down, and has no effect with {variable('backend')}=openai."]
    return []
