"""The settings: names, defaults, units and meanings. The table in the docs is made from this file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from hopcheck_server.proxy.settings.types import (
    PREFIX,
    Count,
    Key,
    LowerCase,
    Mode,
    Names,
    OrNone,
    Renamed,
    Seconds,
    SurfaceNames,
    Unit,
    Url,
)

PUBLIC_DEFAULT_KEY = "change-me-internal-key"


class Settings(BaseSettings):
    """The reference proxy's settings; each field is the variable `LLM_PROXY__` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    llm_mode: Mode = "mock"
    """`litellm`: relay to the `BACKEND`. `mock`: answer with fixed words, without an upstream."""
    backend: Annotated[Literal["litellm", "openai"], LowerCase] = "litellm"
    """What answers at `LITELLM_PROXY_URL`: LiteLLM, or a provider that speaks OpenAI's API. With LiteLLM, faults of its
    responses are fixed, its health is watched and its control fields are refused; a provider's bytes pass unchanged."""
    litellm_proxy_url: Url = "http://localhost:4000"
    """Where LiteLLM (or the provider) is, with or without `/v1`."""
    litellm_api_key: Key = SecretStr("")
    """Sent upstream as the bearer key; empty: no Authorization header is sent."""
    internal_api_key: Key = SecretStr(PUBLIC_DEFAULT_KEY)
    """The key that clients of this proxy must send. The default is refused unless the mode is `mock`. Empty: only the
    clients of `CLIENT_KEYS` and its file have keys."""
    client_keys: Names = ()
    """Further clients, with commas between them: `NAME SHA-256-OF-ITS-KEY`, and, where its requests are to be sent with
    an upstream key of their own, `$VARIABLE` or `/FILE` that holds it. `hopcheck serve --new-key NAME` makes a key."""
    client_keys_file: Annotated[Path | None, OrNone] = None
    """A file with one such client a line, read again when it changes."""
    default_model: Annotated[str, Field(min_length=1)] = "gpt-4o-mini"
    """Answers chats that name no model."""
    default_embedding_model: Annotated[str | None, OrNone] = None
    """Answers embeddings requests that name no model; unset: such a request is refused."""

    connect_timeout_s: Seconds = 5.0
    """For connecting to the upstream, and for a free connection of the pool."""
    timeout_s: Seconds = 600.0
    """For a complete response, or for a stream's first event."""
    stream_idle_timeout_s: Seconds = 120.0
    """Between two reads of a stream that has begun."""
    body_timeout_s: Seconds = 60.0
    """For a client to send its request body."""
    head_timeout_s: Seconds = 10.0
    """For a client to send a request's head, from the connection or the head's first byte on; then 408."""
    send_timeout_s: Seconds = 120.0
    """For a client to take a part of what waits for it: one that reads nothing for that long is disconnected."""
    max_clients: Annotated[Count, Unit("connections")] = 4000
    """Connections of clients at the same time, for each worker; beyond, the oldest without a whole head is closed."""
    max_json_values: Annotated[Count, Unit("values")] = 1_000_000
    """Request bodies with more values than that are refused with 413: each takes memory, however short it is."""
    max_body_bytes: Annotated[Count, Unit("bytes")] = 32 * 1024 * 1024
    """Larger request bodies are refused with 413."""
    max_response_bytes: Annotated[Count, Unit("bytes")] = 64 * 1024 * 1024
    """Larger responses of the upstream, and larger single events of its streams, end in an error (502)."""
    max_held_bytes: Annotated[Count, Unit("bytes")] = 96 * 1024 * 1024
    """What all bodies take at the same time, for each worker: requests, responses, JSON that is parsed, what waits for
    slow clients. A request without room within `CONNECT_TIMEOUT_S` is answered 503; a quarter is for small ones."""
    max_connections: Annotated[Count, Unit("connections")] = 1000
    """To the upstream at the same time. A request that gets none within `CONNECT_TIMEOUT_S` is answered 503."""
    transport: Annotated[Literal["raw", "openai"], LowerCase] = "raw"
    """What carries requests to the upstream: `raw`, hopcheck's own HTTP/1.1 client, or `openai`, the official client,
    which costs several times the processor time."""
    models_ttl_s: Annotated[float, Field(ge=0), Unit("s")] = 30.0
    """How long a provider's list of models is cached (`BACKEND=openai`)."""
    check_models: bool = True
    """`BACKEND=openai`: answer 404 for a model that the provider doesn't list, without asking it."""

    health_interval_s: Annotated[float, Field(ge=0.05, le=60), Unit("s")] = 0.5
    """Between two checks of LiteLLM's health, each of which is a `GET /health/liveliness`."""
    health_timeout_s: Annotated[float, Field(ge=0.05, le=60), Unit("s")] = 1.0
    """How long LiteLLM may take to answer a check before this proxy isn't ready."""
    health_silence_s: Annotated[float, Field(ge=0.05, le=3_600), Unit("s")] = 10.0
    """How long LiteLLM may leave checks unanswered before it counts as down, and requests are no longer sent to it.
    Before that it may be busy. (Where nothing listens it is down at once.)"""
    direct_fallback_url: Annotated[Url | None, OrNone] = None
    """A provider that speaks OpenAI's API and answers `DIRECT_FALLBACK_MODELS` while LiteLLM is down; unset: there is
    none."""
    direct_fallback_api_key: Key = SecretStr("")
    """Sent to that provider as the bearer key; empty: no Authorization header is sent."""
    direct_fallback_models: Renamed = Field(default_factory=dict)
    """The models that it answers: names with commas between them, or pairs `name=provider's name`."""
    direct_fallback_surfaces: SurfaceNames = ("chat", "embeddings")
    """The APIs that it serves, with commas between them: `chat`, `embeddings`, `messages`, `responses`."""

    cors_origins: Names = ()
    """Web origins that may call this proxy from a browser, with commas between them; none: CORS is off."""
    metrics: Annotated[Literal["key", "open", "off"], LowerCase] = "key"
    """Who may read `/metrics`: clients with `INTERNAL_API_KEY`, everybody, or nobody."""
    otel: bool = False
    """Export traces and metrics by OpenTelemetry's GenAI conventions, with OTLP over HTTP (needs the extra `metrics`).
    OpenTelemetry's own `OTEL_EXPORTER_OTLP_ENDPOINT` says where to."""
    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], LowerCase] = "info"
    """With `info` and `debug`, each request is a line; no line holds contents or keys."""
    log_format: Annotated[Literal["text", "json"], LowerCase] = "text"
    """Lines for people, or one JSON object for each."""
    version: str = "0.1.0"
    """The version that health responses show."""
    drain_delay_s: Annotated[float, Field(ge=0, le=3_600), Unit("s")] = 0.0
    """How long the listener still answers after SIGTERM, while `/health/ready` says 503 and every response closes its
    connection: as long as your orchestrator takes to send requests elsewhere. A second SIGTERM ends at once."""
    shutdown_grace_s: Seconds = 5.0
    """How long requests may go on when the listener has been closed."""
    mock_delay_s: Annotated[float, Field(ge=0, le=60), Unit("s")] = 0.2
    """Between two words of a mock stream."""

    @property
    def upstream_root(self) -> str:
        """The upstream's address without `/v1`."""
        return self.upstream_v1.removesuffix("/v1")

    @property
    def upstream_v1(self) -> str:
        """The upstream's OpenAI-compatible root, which ends in `/v1`."""
        return _with_v1(self.litellm_proxy_url)

    @property
    def direct_fallback_v1(self) -> str | None:
        """The same of the direct provider; None if there is none."""
        return _with_v1(self.direct_fallback_url) if self.direct_fallback_url else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret of this process, to be masked in responses."""
        held = (self.internal_api_key, self.litellm_api_key, self.direct_fallback_api_key)
        return tuple(key.get_secret_value() for key in held if key.get_secret_value())


def _with_v1(url: str) -> str:
    return url if url.endswith("/v1") else f"{url}/v1"


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + field.upper()
