"""What the operator decides: environment variables with the prefix `LLM_PROXY__`, checked once, before anything starts.

Knows names, defaults and which combinations are refused. Does not know how any of them is used.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "LLM_PROXY__"
PUBLIC_DEFAULT_KEY = "change-me-internal-key"
MAKE_A_KEY = """python -c "import secrets; print(secrets.token_urlsafe(32))\""""
RETIRED_MODES = ("openai", "vllm")


class SettingsError(Exception):
    """The settings can't be used; `mistakes` holds one sentence for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _known_mode(value: Any) -> Any:
    """Point people who come from an older set-up to what they write now."""
    if isinstance(value, str) and value.lower() in RETIRED_MODES:
        raise ValueError(
            f"'{value}' is a mode of older releases; write {PREFIX}LLM_MODE=litellm and, to talk to an "
            f"OpenAI-compatible provider without LiteLLM, {PREFIX}BACKEND=openai with its address in "
            f"{PREFIX}LITELLM_PROXY_URL"
        )
    return value.lower() if isinstance(value, str) else value


def _sendable(value: SecretStr) -> SecretStr:
    """Strip what a key file leaves at the end, and refuse what no header can carry."""
    key = value.get_secret_value().strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError("must hold printable ASCII characters only, or no HTTP header can carry it")
    return SecretStr(key)


def _http_url(value: str) -> str:
    """Accept an absolute http(s) address, and give it without a trailing slash."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://localhost:4000")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"must not hold credentials, a query or a fragment; a key belongs in {PREFIX}LITELLM_API_KEY")
    return value.rstrip("/")


def _comma_separated(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Key = Annotated[SecretStr, AfterValidator(_sendable)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error", "critical"],
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
]


class Settings(BaseSettings):
    """The reference proxy's settings; each field is the variable `LLM_PROXY__` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    llm_mode: Annotated[Literal["mock", "litellm"], BeforeValidator(_known_mode)] = "mock"
    backend: Literal["litellm", "openai"] = "litellm"
    """What answers at `litellm_proxy_url`; LiteLLM's mends are used only for LiteLLM."""
    litellm_proxy_url: Annotated[str, AfterValidator(_http_url)] = "http://localhost:4000"
    litellm_api_key: Key = SecretStr("")
    """Sent upstream as Bearer key; empty: no Authorization header is sent."""
    internal_api_key: Key = SecretStr(PUBLIC_DEFAULT_KEY)
    """What clients of this proxy must present."""
    default_model: Annotated[str, Field(min_length=1)] = "gpt-4o-mini"
    default_embedding_model: str | None = None
    """Where an embeddings request without a model goes; unset: such a request is refused."""
    log_level: LogLevel = "info"
    version: str = "0.1.0"
    mock_delay_s: Annotated[float, Field(ge=0, le=60)] = 0.2
    """Between two words of a mock stream."""
    connect_timeout_s: Seconds = 5.0
    timeout_s: Seconds = 600.0
    """For a whole answer, or for a stream's first event."""
    stream_idle_timeout_s: Seconds = 120.0
    """Between two reads of a stream that has begun."""
    body_timeout_s: Seconds = 60.0
    """For a client to send its request body."""
    max_body_bytes: Annotated[int, Field(gt=0)] = 32 * 1024 * 1024
    max_connections: Annotated[int, Field(gt=0)] = 1000
    models_ttl_s: Annotated[float, Field(ge=0)] = 30.0
    """How long a provider's list of models is believed (`backend=openai`)."""
    check_models: bool = True
    """`backend=openai`: answer 404 for a model that the provider doesn't list, without asking it."""
    cors_origins: Names = ()
    shutdown_grace_s: Seconds = 5.0

    @property
    def upstream_v1(self) -> str:
        """The upstream's OpenAI-compatible root, which ends in `/v1`."""
        base = self.litellm_proxy_url
        return base if base.endswith("/v1") else f"{base}/v1"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret of this process, for whoever has to keep them out of an answer."""
        held = (self.internal_api_key, self.litellm_api_key)
        return tuple(key.get_secret_value() for key in held if key.get_secret_value())


def load_settings(**given: Any) -> Settings:
    """Read the environment, with `given` (field names) in front of it.

    Raises:
        SettingsError: with one sentence per mistake, none of which quotes a value that may be a secret.
    """
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError([_sentence(dict(item)) for item in error.errors(include_input=False)]) from None
    mistakes = _unsafe_keys(settings)
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def unknown_variables() -> list[str]:
    """Name the variables that look like settings and are none: usually a slip of the keyboard."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)


def _sentence(item: dict[str, Any]) -> str:
    variable = PREFIX + ".".join(str(part) for part in item["loc"][:1]).upper()
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{variable}: {message[:1].lower() + message[1:]}."


def _unsafe_keys(settings: Settings) -> list[str]:
    key = settings.internal_api_key.get_secret_value()
    if not key:
        return [f"{PREFIX}INTERNAL_API_KEY is empty, so anybody could use this proxy; make a key with: {MAKE_A_KEY}"]
    if settings.llm_mode == "litellm" and key == PUBLIC_DEFAULT_KEY:
        mistake = f"{PREFIX}INTERNAL_API_KEY is the public default '{PUBLIC_DEFAULT_KEY}', which everybody knows"
        return [f"{mistake}; make a key of your own with: {MAKE_A_KEY}"]
    return []
