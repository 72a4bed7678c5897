"""One case on one relay in front of tapes: the verdict, and everything that the relay did, for comparison."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hopcheck.bench import relay_target
from hopcheck.engine import Setting, run_case
from hopcheck.reach import Traced
from hopcheck.registry import REGISTRY, Case
from hopcheck.replay.attempts import KEYS, Played
from hopcheck.replay.judging import ReplayFindings
from hopcheck.replay.live_only import burst_owner
from hopcheck.replay.mended import BehindLiteLLM
from hopcheck.replay.offline import PROBES, reference_target
from hopcheck.replay.server import ReplayServer
from hopcheck.tapes import Tape
from hopcheck.target.nonces import fixed_nonces
from hopcheck_contracts.findings import Verdict
from hopcheck_server.relay import Relay, RelayConfig, RelayServer
from hopcheck_server.upstream.control import LocalControl

PATIENCE_S = 6.5
"""How long a relay may be silent: longer than any bound that a case sets it."""

LITELLM_KEY = "hopcheck-litellm-key"

MODELS = (*RelayConfig(upstream="").models, "limited-model-2", "cooling-model", "tpm-model")

_CHANGING = frozenset({"x-request-id", "date"})


@dataclass
class Trial:
    """What came of it.

    Attributes:
        verdict: The case's.
        told: What the relay told its client, answer by answer, without times and ids.
        asked: What it asked LiteLLM, how each exchange ended, and whether that reached a provider.
        reached: Of the healthy relay: the names that it looked up on itself.
    """

    verdict: Verdict
    told: list[Any] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    reached: frozenset[str] = frozenset()

    def stays_short_of_provider(self, other: Trial) -> bool:
        """Whether all that it asked beyond another relay was answered by LiteLLM alone."""
        beyond = [one for one in self.asked if one not in other.asked]
        return bool(beyond) and not any(reached for *_, reached in beyond)

    def same_as(self, other: Trial) -> bool:
        """Whether both relays did the same, to the byte, towards both sides."""
        return (self.told, self.asked) == (other.told, other.asked)


async def attempt(case: Case, relay: type[Relay], tapes: Mapping[str, Tape], *, chunking: bool = False) -> Trial:
    """Run a case on a relay of its own, in front of its own tape.

    Args:
        case: Which one.
        relay: The healthy relay, or a counterexample.
        tapes: By case.
        chunking: Whether streams are asked for again under each chunking.
    """
    owner = burst_owner(case, tapes)
    mine = {name: tape for name, tape in tapes.items() if name in (case.id, owner) or name in PROBES}
    asked: list[Any] = []
    server = ReplayServer(
        mine,
        scale=lambda _: 1.0 if "timing" in case.needs else 0.0,
        key=LITELLM_KEY,
        secret=KEYS["provider"],
        ended=lambda played: asked.append(_asked(played)),
    )
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as folder:
        log_file = str(Path(folder) / "relay.log")
        async with await server.start():
            config = _config(server.url, log_file)
            served_relay = _behind(relay)(config)
            async with await RelayServer({"": served_relay}).start() as served:
                setting = _setting(relay, served.base_url(), config, server, chunking=chunking)
                if owner:
                    await run_case(REGISTRY[owner], replace(setting, beside=None))
                verdict = await run_case(case, setting)
    reached = served_relay.reached() if isinstance(served_relay, Traced) else frozenset[str]()
    return Trial(verdict, sorted(map(_told, verdict.exchanges), key=repr), sorted(asked, key=repr), reached)


def _behind(relay: type[Relay]) -> type[Relay]:
    """The class with LiteLLM as its provider, below everything that it overrides."""
    bases = (Traced, BehindLiteLLM) if relay is Relay else (relay, BehindLiteLLM)
    return type(relay.__name__, bases, {"__doc__": relay.__doc__})


def _config(url: str, log_file: str) -> RelayConfig:
    return replace(
        RelayConfig(upstream=f"{url}/v1", upstream_key=LITELLM_KEY, models=MODELS, log_file=log_file),
        upstream_models={},
        upstream_keys={},
        unreachable=(),
        rate_limits={},
        concurrency_limits={},
        timeout_s=30.0,
    )


def _setting(
    relay: type[Relay], base_url: str, config: RelayConfig, server: ReplayServer, *, chunking: bool
) -> Setting:
    declares = replace(reference_target().declares, **relay.declares)
    target = relay_target(relay.__name__, base_url, config, config.log_file)
    target = replace(target, declares=declares, second_api_key="")  # the tapes were made with one client
    findings = ReplayFindings(server, chunking=chunking)
    return Setting(target, LocalControl(server), patience_s=PATIENCE_S, nonces=fixed_nonces, beside=findings)


def _asked(played: Played) -> Any:
    own = played.attempt()
    headers = sorted(pair for pair in own.headers if pair[0] not in _CHANGING | {"host"})
    reached = not played.canned and (played.card is None or bool(played.card.entries))
    return own.method, own.path, own.body, headers, played.ended, reached


def _told(exchange: Mapping[str, Any]) -> Any:
    """One side of an exchange, as far as the relay decided it."""
    if exchange["side"] == "upstream":
        return "upstream", exchange["response"]["ended"]
    response, request = exchange["response"], exchange["request"]
    headers = [pair for pair in response["headers"] if pair[0].lower() not in _CHANGING]
    path = request["url"].split("/", 3)[-1]
    return request["method"], path, request["body"], response["status"], headers, response["body"], response["ended"]
