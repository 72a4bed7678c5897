"""A bench of relays: one upstream, one server, many relays by path; each is a target like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self
from zlib import crc32

from hopcheck.authoring.case import Case
from hopcheck.client import load_sdk
from hopcheck.client.config import ConcurrencyLimit, Declares, Fallback, Models, ProviderModels, RateLimit, TargetConfig
from hopcheck.client.pacing.pace import Pace
from hopcheck.engine.context import RunContext
from hopcheck.engine.loop_watchdog import LoopWatchdog
from hopcheck.engine.wire_contracts import load_contracts
from hopcheck.gate.catalogue import all_scripts
from hopcheck_server.relay import Relay, RelayConfig, RelayServer
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.server import Upstream

READ_TIMEOUT_S = 6.5
"""How long a relay may be silent: longer than any bound that a case sets it."""

DECLARES = Declares(
    rests=False,
    fallback=Fallback(primary="fragile-model", backup="backup-model"),
    rate_limit=RateLimit(models=("limited-model",), requests=3, window_s=1.0),
    concurrency_limit=ConcurrencyLimit(model="narrow-model", requests=2),
    retries=2,
    timeout_s=0.5,
    timeout_model="slow-model",
    timeout_retries=0,
    unreachable="dead-model",
    balanced={"messages": "balanced-model", "responses": "balanced-model"},
    default_model="fake-model",
    model_map={"alias-model": "provider-model", "backup-model": "provider-backup"},
    embeddings=True,
    messages=True,
    responses=True,
    traceparent=True,
    second_key=True,
    logs=True,
    llm_proxy=True,
    reasoning=True,
    refuses_control_fields=True,
    direct_fallback="backup-model",
)
"""What the healthy relay says that it does; a relay class's `declares` replaces some of it."""

PROVIDER_MODELS = ProviderModels(chat="fake-model", timed="slow-model")
"""Those of a relay that translates."""


def relay_target(name: str, base_url: str, config: RelayConfig, log_file: str = "") -> TargetConfig:
    """A relay as a target."""
    return TargetConfig(
        name=name,
        base_url=base_url,
        api_key=config.client_keys[0],
        second_api_key=config.client_keys[1],
        log_file=log_file,
        models=Models(chat="fake-model", embedding="fake-embedding"),
        declares=DECLARES,
    )


class RelayHost:
    """Relays on a shared upstream.

    Attributes:
        upstream: Knows the scripts of the cases.
        watchdog: Watches the event loop that all of them share.
        config: What every relay is set up with.
        relays: The running relays, by name.
    """

    def __init__(self, relays: Mapping[str, type[Relay]], cases: Iterable[Case]) -> None:
        """Nothing is started yet."""
        self._classes = relays
        self._scripts = all_scripts(cases)
        self._contexts: dict[str, RunContext] = {}
        self.watchdog = LoopWatchdog()

    async def __aenter__(self) -> Self:
        """Start the upstream and the relays."""
        load_sdk()
        load_contracts(DECLARES)
        self.upstream = await Upstream.start(self._scripts)
        self.config = RelayConfig(upstream=f"{self.upstream.url}/v1")
        self._folder = TemporaryDirectory(prefix="hopcheck-")
        self.relays = {name: relay(self._config(name)) for name, relay in self._classes.items()}
        self._server = await RelayServer(self.relays).start()
        self.control = LocalControl(self.upstream)
        await self.watchdog.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self.watchdog.__aexit__(kind, error, trace)
        await self._server.aclose()
        await self.upstream.aclose()
        self._folder.cleanup()

    def _config(self, name: str) -> RelayConfig:
        """Each relay has a provider's key of its own, so the provider can tell who asked."""
        key = f"{self.config.upstream_key}-{crc32(name.encode()):08x}"
        return replace(self.config, upstream_key=key, log_file=self._log(name))

    def _log(self, name: str) -> str:
        return str(Path(self._folder.name) / f"{name}.log")

    def context(self, name: str) -> RunContext:
        """What cases are run against, for one relay: the same for all of them."""
        if name not in self._contexts:
            target = relay_target(name, self._server.base_url(name), self.config, self._log(name))
            own = {"outage": self._server.switch_url(name), **self._classes[name].declares}
            target = replace(target, declares=replace(target.declares, **own))
            provider = self._classes[name].provider
            if provider:
                target = replace(target, providers={provider: PROVIDER_MODELS}).behind(provider)
            self._contexts[name] = RunContext(
                target,
                self.control,
                read_timeout_s=READ_TIMEOUT_S,
                recovery_s=READ_TIMEOUT_S,
                wire_log=False,
                pace=Pace(longest_wait_s=READ_TIMEOUT_S),
                watchdog=self.watchdog,
            )
        return self._contexts[name]
