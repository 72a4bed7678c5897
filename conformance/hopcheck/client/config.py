"""The description of a target: where it is, its models, and what it declares.

Values only; `hopcheck.gate.target_file` reads them from `hopcheck.toml`, the command line and the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """Attributes: primary: a model whose failures go to `backup`; both as clients name them."""

    primary: str
    backup: str


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """Attributes: models: each with a limit of its own; requests: allowed in one window; window_s: its length."""

    models: tuple[str, ...]
    requests: int
    window_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class ConcurrencyLimit:
    """Attributes: model: the limited one; requests: allowed at the same time."""

    model: str
    requests: int


@dataclass(frozen=True, kw_only=True)
class Models:
    """Attributes: chat, embedding: what healthy requests name."""

    chat: str = "fake-model"
    embedding: str = "fake-embedding"


@dataclass(frozen=True, kw_only=True)
class Declares:
    """What a target says that it does. What is declared is held to; what isn't makes its cases not applicable.

    Attributes:
        fallback: A pair of models, the second answering for the first.
        rate_limit: Models with a request limit.
        concurrency_limit: A model with a limit of requests in flight.
        retries: Upstream attempts beyond the first, at most.
        timeout_s: Per upstream attempt, to the first byte and between events, in seconds.
        timeout_model: The model with that timeout, where it isn't the chat model.
        timeout_retries: Attempts beyond the first after a timeout.
        unreachable: A model whose provider refuses connections.
        default_model: Where a request without a model goes.
        model_map: Models that the provider knows under another name: that name, by the one that clients use.
        drops: Request fields that it drops.
        embeddings: It serves /v1/embeddings.
        responses: It serves /v1/responses.
        traceparent: An inbound traceparent's trace id reaches the provider.
        second_key: Filled in by the loader when a second client key is given.
        logs: Filled in by the loader when a log file is given.
        llm_proxy: It has LLM-Proxy's own API in addition to OpenAI's.
        reasoning: A provider's `reasoning_content` reaches the client.
        outage: The URL of a switch (`hopcheck_server.chain.switch`) that takes its backend down.
        direct_fallback: A model that it answers without its backend while that is down.
        refuses_control_fields: Fields of a client's body by which it would steer LiteLLM get a 400.
    """

    fallback: Fallback | None = None
    rate_limit: RateLimit | None = None
    concurrency_limit: ConcurrencyLimit | None = None
    retries: int = 0
    timeout_s: float | None = None
    timeout_model: str | None = None
    timeout_retries: int = 0
    unreachable: str | None = None
    default_model: str | None = None
    model_map: Mapping[str, str] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    embeddings: bool = False
    responses: bool = False
    traceparent: bool = False
    second_key: bool = False
    logs: bool = False
    llm_proxy: bool = False
    reasoning: bool = False
    refuses_control_fields: bool = False
    outage: str | None = None
    direct_fallback: str | None = None

    def has(self, need: str) -> bool:
        """Whether a key is declared: given, and not false or empty (`retries = 0` is not a declaration of retries)."""
        return bool(getattr(self, need))


DECLARABLE = frozenset(item.name for item in fields(Declares))
"""The keys that a case may need."""


@dataclass(frozen=True, kw_only=True)
class TargetConfig:
    """A target, as its file and the command line describe it.

    Attributes:
        name: For people.
        base_url: With its `/v1` (or whatever stands in its place), without a slash at the end.
        api_key: The client's key; never written to a report.
        second_api_key: Another client's key, or "".
        upstream_port: Where the target expects its provider; None where the upstream isn't ours to start.
        upstream_url: Where an upstream of ours is already running, or "".
        log_file: What the target logs to, or "".
        headers: Sent with every request.
        models: What healthy requests name.
        declares: What it says that it does.
    """

    name: str
    base_url: str
    api_key: str = field(default="", repr=False)
    second_api_key: str = field(default="", repr=False)
    upstream_port: int | None = None
    upstream_url: str = ""
    log_file: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    models: Models = Models()
    declares: Declares = Declares()
