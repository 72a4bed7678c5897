"""The description of a target: where it is, its models, and what it declares.

Values only; `hopcheck.gate.target_file` reads them from `hopcheck.toml`, the command line and the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from hopcheck_server.upstream.dialects.registry import all_dialects

AuthPolicy = Literal["keys", "passthrough", "none"]
"""What a target does with a client's key: it checks keys of its own; it passes the client's on; it asks for none."""


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """A model whose failures go to another one; all names are those that clients use.

    Attributes:
        primary: The model that fails.
        backup: The model that answers in its place.
        further: The models that are asked where the backup fails, too, one after another.
    """

    primary: str
    backup: str
    further: tuple[str, ...] = ()

    @property
    def chain(self) -> tuple[str, ...]:
        """All of them, in the order in which they are asked."""
        return self.primary, self.backup, *self.further


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
    """What healthy requests name.

    Attributes:
        chat: On chat completions.
        embedding: On embeddings.
        messages: On Anthropic's Messages, if not `chat`.
        responses: On OpenAI's Responses, if not `chat`.
    """

    chat: str = "fake-model"
    embedding: str = "fake-embedding"
    messages: str | None = None
    responses: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderModels(Models):
    """The models of a provider, as clients name them; an API that none is named for isn't asked.

    Attributes:
        timed: The one with the declared timeout; "" where none has it.
    """

    chat: str = field()
    embedding: str = ""
    timed: str = ""


@dataclass(frozen=True, kw_only=True)
class Declares:
    """What a target says that it is and does. What is declared is held to; what isn't makes its cases not applicable.

    Attributes:
        auth: What it does with a client's key; None where that isn't declared (see `auth_policy`).
        transparent: It is a byte proxy: it reads neither requests nor responses.
        models: It serves /v1/models.
        choices: It answers requests for more than one choice.
        rests: It may refuse requests for a while by itself, after its provider has failed.
        continues: Its fallback continues a stream that was cut.
        fallback: A pair of models, the second answering for the first.
        rate_limit: Models with a request limit.
        concurrency_limit: A model with a limit of requests in flight.
        retries: Upstream attempts beyond the first, at most.
        timeout_s: Per upstream attempt, to the first byte and between events, in seconds.
        timeout_model: The model with that timeout, where it isn't the chat model.
        timeout_retries: Attempts beyond the first after a timeout.
        unreachable: A model whose provider refuses connections.
        balanced: Models that several deployments serve, each with a key of its own, by surface.
        default_model: Where a request without a model goes.
        model_map: Models that the provider knows under another name: that name, by the one that clients use.
        drops: Request fields that it drops.
        adds: Request fields that it adds, beyond those of OpenAI's API.
        embeddings: It serves /v1/embeddings.
        responses: It serves /v1/responses, and what was stored below it.
        messages: It serves /v1/messages and /v1/messages/count_tokens.
        traceparent: An inbound traceparent's trace id reaches the provider.
        second_key: Filled in by the loader when a second client key is given.
        logs: Filled in by the loader when a log file is given.
        llm_proxy: It has LLM-Proxy's own API in addition to OpenAI's.
        reasoning: A provider's `reasoning_content` reaches the client.
        outage: The URL of a switch (`hopcheck_server.chain.switch`) that takes its backend down.
        direct_fallback: A model that it answers without its backend while that is down.
        refuses_control_fields: Fields of a client's body by which it would steer LiteLLM get a 400.
    """

    auth: AuthPolicy | None = None
    transparent: bool = False
    models: bool = True
    choices: bool = True
    rests: bool = True
    continues: bool = False
    fallback: Fallback | None = None
    rate_limit: RateLimit | None = None
    concurrency_limit: ConcurrencyLimit | None = None
    retries: int = 0
    timeout_s: float | None = None
    timeout_model: str | None = None
    timeout_retries: int = 0
    unreachable: str | None = None
    balanced: Mapping[str, str] = field(default_factory=dict)
    default_model: str | None = None
    model_map: Mapping[str, str] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    embeddings: bool = False
    responses: bool = False
    messages: bool = False
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

    @property
    def auth_policy(self) -> AuthPolicy:
        """What it does with a client's key; where that isn't declared, a byte proxy passes it on, others check it."""
        return self.auth or ("passthrough" if self.transparent else "keys")

    @property
    def given(self) -> dict[str, Any]:
        """What isn't as it is by default, by its key."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        default = Declares()
        return {name: value for name, value in values.items() if value != getattr(default, name)}


OF_OTHER_MODELS = (
    "fallback", "rate_limit", "concurrency_limit", "timeout_s", "timeout_model", "unreachable", "outage",
    "direct_fallback",
)  # fmt: skip
"""Keys of `declares` about certain models; those are the default provider's."""

SECRET_CHARACTERS = 8
"""Shorter values, keys apart, are no secrets: they would be found in every other word."""

KEY_HEADER = re.compile(r"(authorization|(^|[-_])[a-z]*(key|token))$")
"""What names of headers that carry keys end with: `x-api-key` and `x-goog-apikey`, but not `x-portkey-provider`."""

KIND = frozenset({"auth", "transparent", "models", "choices", "rests"})
"""The keys that say what a gateway is; cases name what they need of that as `hopcheck.authoring.duties` has it."""

DECLARABLE = frozenset(item.name for item in fields(Declares)) - KIND
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
        variables: Environment variables that keys and headers come from, each with its value.
        api_key_env: The variable of `api_key`, or "".
        second_api_key_env: The variable of `second_api_key`, or "".
        models: What healthy requests name.
        providers: The models that reach each provider, by the upstream's dialect for it.
        provider: The provider that this run asks for; "" for the one behind `models`, which speaks OpenAI's dialect.
        declares: What it says that it does.
        assumed: The keys of `declares` that preflight filled in, as the target's behaviour left no doubt.
    """

    name: str
    base_url: str
    api_key: str = field(default="", repr=False)
    second_api_key: str = field(default="", repr=False)
    upstream_port: int | None = None
    upstream_url: str = ""
    log_file: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_key_env: str = ""
    second_api_key_env: str = ""
    models: Models = Models()
    providers: Mapping[str, ProviderModels] = field(default_factory=dict)
    provider: str = ""
    declares: Declares = Declares()
    assumed: frozenset[str] = frozenset()

    def behind(self, provider: str) -> TargetConfig:
        """The same target, asked for the models of a provider; what it declares of other models is left out.

        Raises:
            KeyError: No model is named for that provider.
        """
        models = self.providers[provider]
        declared: dict[str, Any] = {
            **dict.fromkeys(OF_OTHER_MODELS),
            "balanced": {},
            **({"timeout_s": self.declares.timeout_s, "timeout_model": models.timed} if models.timed else {}),
            **{name: bool(getattr(models, name)) for name in ("messages", "responses")},
            "embeddings": bool(models.embedding),
            "choices": self.declares.choices and all_dialects()[provider].has_choices,
        }
        return replace(self, models=models, provider=provider, declares=replace(self.declares, **declared))

    def assuming(self, found: Mapping[str, Any]) -> TargetConfig:
        """The same target with more declared for it, by keys of `declares`."""
        return replace(self, declares=replace(self.declares, **found), assumed=self.assumed | frozenset(found))

    @property
    def key_headers(self) -> tuple[str, ...]:
        """The names of its own headers that carry keys: every request shows these, whatever its `Authorization`."""
        return tuple(name for name in self.headers if KEY_HEADER.search(name.lower()))

    @property
    def variables_by_value(self) -> dict[str, str]:
        """The names that stand for keys in curl lines, by value: the user's own names where there are some."""
        unnamed = {self.second_api_key: "SECOND_API_KEY", self.api_key: "API_KEY"}
        fallback = {value: name for value, name in unnamed.items() if value}
        named = {value: name for name, value in self.variables.items() if len(value) >= SECRET_CHARACTERS}
        named |= {self.second_api_key: self.second_api_key_env, self.api_key: self.api_key_env}
        return fallback | {value: name for value, name in named.items() if value and name}
