"""The configuration of a relay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class RelayConfig:
    """Where a relay sends requests, and what it allows.

    Attributes:
        upstream: Base URL of the provider, with its `/v1`.
        upstream_key: The provider's key.
        client_keys: Keys that clients may use.
        models: The models that it serves, in the order of its list.
        upstream_models: Model: its name at the provider, where that differs.
        upstream_keys: Model: the provider's key, where that differs.
        deployments: Model: the keys of its deployments, where there are several.
        unreachable: Models whose provider refuses connections.
        default_model: For requests that name none; "" refuses them.
        fallbacks: Model: the model that answers in its place when it fails.
        rate_limits: Model: (requests, window in seconds), for each client key.
        concurrency_limits: Model: the most requests in flight.
        direct: Model: its name at the direct provider, which answers while the backend is down.
        direct_key: The key of the direct provider.
        retries: Attempts beyond the first, for failures that may be retried.
        timeout_s: Seconds to the provider's first byte, and between two reads.
        timeouts: Model: its timeout, where that differs.
        timeout_retries: Attempts beyond the first after a timeout.
        backoff_s: Seconds before the first retry; they double with each.
        read_timeout_s: The longest Retry-After that is waited for.
        log_file: A line for each response is appended to it; "" for none.
    """

    upstream: str
    upstream_key: str = "hopcheck-upstream-key"
    client_keys: tuple[str, ...] = ("hopcheck-client-key", "hopcheck-second-client-key")
    models: tuple[str, ...] = (
        "fake-model",
        "fake-embedding",
        "alias-model",
        "fragile-model",
        "backup-model",
        "limited-model",
        "narrow-model",
        "dead-model",
        "balanced-model",
        "slow-model",
        "team/slashed-model",
    )
    upstream_models: Mapping[str, str] = field(
        default_factory=lambda: {"alias-model": "provider-model", "backup-model": "provider-backup"}
    )
    upstream_keys: Mapping[str, str] = field(default_factory=lambda: {"backup-model": "hopcheck-backup-key"})
    deployments: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"balanced-model": ("hopcheck-first-key", "hopcheck-other-key")}
    )
    unreachable: tuple[str, ...] = ("dead-model",)
    default_model: str = "fake-model"
    fallbacks: Mapping[str, str] = field(default_factory=lambda: {"fragile-model": "backup-model"})
    rate_limits: Mapping[str, tuple[int, float]] = field(default_factory=lambda: {"limited-model": (3, 1.0)})
    concurrency_limits: Mapping[str, int] = field(default_factory=lambda: {"narrow-model": 2})
    direct: Mapping[str, str] = field(default_factory=lambda: {"backup-model": "provider-backup"})
    direct_key: str = "hopcheck-direct-key"
    retries: int = 2
    timeout_s: float = 10.0
    timeouts: Mapping[str, float] = field(default_factory=lambda: {"slow-model": 0.5})
    timeout_retries: int = 0
    backoff_s: float = 0.05
    read_timeout_s: float = 0.5
    log_file: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every key that no response may show."""
        of_deployments = (key for keys in self.deployments.values() for key in keys)
        return (self.upstream_key, *self.upstream_keys.values(), *of_deployments, self.direct_key, *self.client_keys)
