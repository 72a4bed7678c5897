"""One case on one relay in front of cassettes, or its script: the verdict, and what the relay did, to compare."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.registry import REGISTRY
from hopcheck.cassettes import Cassette
from hopcheck.cassettes.canonical import PROBES
from hopcheck.client.config import Declares, Models, TargetConfig
from hopcheck.client.providers.nonces import fixed_nonces
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.exchanges.complaint import RunKnowledge
from hopcheck.engine.verdict import Verdict
from hopcheck.gate.catalogue import all_scripts
from hopcheck.replay.attempts import KEYS, ReplayedAttempt
from hopcheck.replay.findings import ReplayFindings
from hopcheck.replay.live_only import burst_owner
from hopcheck.replay.offline import LEFT_OUT, reference_target
from hopcheck.replay.scripted_backend import scripted_nonces
from hopcheck.replay.server import ReplayServer
from hopcheck.selftest.reach import Reached, Traced
from hopcheck.selftest.relay_host import relay_target
from hopcheck.selftest.replayed.litellm_relay import BehindLiteLLM
from hopcheck.selftest.wire_sides import CHANGING, request_side, response_side
from hopcheck_server.relay import Relay, RelayConfig, RelayServer
from hopcheck_server.upstream.control.client import LocalControl
from hopcheck_server.upstream.server import Upstream

READ_TIMEOUT_S = 6.5
"""How long a relay may be silent: longer than any bound that a case sets it."""

LITELLM_KEY = "hopcheck-litellm-key"

MODELS = (
    *RelayConfig(upstream="").models,
    "limited-model-2",
    "tpm-model",
    "responses-model",
    "bridged-model",
    "claude-model",
)

RECORDED = Models(messages="claude-model")
"""The models that the cassettes ask for, as the packaged targets name them."""


@dataclass
class Trial:
    """The result of a case on one relay, and the relay's traffic.

    Attributes:
        verdict: The case's.
        responses: What the relay sent its client, without times and ids.
        requests: What it sent to LiteLLM, how each exchange ended, and whether that reached a provider.
        reached: Of the healthy relay: the names that it looked up on itself, by operation.
    """

    verdict: Verdict
    responses: list[Any] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    reached: Reached = field(default_factory=dict)

    @classmethod
    def of(cls, verdict: Verdict, requests: list[Any], relay: Relay) -> Trial:
        """Make it of a verdict, and what the relay sent to LiteLLM."""
        responses = sorted(map(response_side, verdict.exchanges), key=repr)
        reached = relay.reached() if isinstance(relay, Traced) else {}
        return cls(verdict, responses, sorted(requests, key=repr), reached)

    def stays_short_of_provider(self, other: Trial) -> bool:
        """Whether LiteLLM alone answered all that it sent in addition to another relay's requests."""
        beyond = [one for one in self.requests if one not in other.requests]
        return bool(beyond) and not any(reached for *_, reached in beyond)

    def same_as(self, other: Trial) -> bool:
        """Whether both relays did the same, to the byte, towards both sides."""
        return (self.responses, self.requests) == (other.responses, other.requests)


async def on_cassette(
    case: Case, relay: type[Relay], cassettes: Mapping[str, Cassette], *, more: bool = False
) -> Trial:
    """Run a case on a relay of its own, in front of its own cassette.

    Args:
        case: The case.
        relay: The healthy relay, or a mutant.
        cassettes: By case.
        more: Whether other chunkings of the cassette, and the case's script in LiteLLM's place, are played, too.
    """
    owner = burst_owner(case, cassettes)
    mine = {name: cassette for name, cassette in cassettes.items() if cassette.case in (case.id, owner, *PROBES)}
    requests: list[Any] = []
    async with await Upstream.start(all_scripts([case])) as scripted:
        server = ReplayServer(
            mine,
            scale=lambda _: 1.0 if case.reads_clock else 0.0,
            key=LITELLM_KEY,
            secret=KEYS["provider"],
            scripted_backend=scripted if more else None,
            on_end=lambda played: requests.append(_request_side(played)),
        )
        server.load(all_scripts([case, *([REGISTRY[owner]] if owner else [])]))
        async with await server.start(), _serving(relay, server.url) as (served, target):
            findings = ReplayFindings(server, with_variants=more, own=_own(target.declares))
            context = RunContext(
                target,
                LocalControl(server),
                READ_TIMEOUT_S,
                nonces=fixed_nonces,
                known=RunKnowledge(left_out=LEFT_OUT, has_clock=False),
                extra_findings=findings,
            )
            if owner:
                await run_case(REGISTRY[owner], replace(context, extra_findings=None))
            return Trial.of(await run_case(case, context), requests, served)


async def on_script(case: Case, relay: type[Relay]) -> Trial:
    """Run a case on a relay of its own with the case's script in LiteLLM's place, whether or not it applies there."""
    async with await Upstream.start(all_scripts([case])) as upstream, _serving(relay, upstream.url) as (served, target):
        context = RunContext(target, LocalControl(upstream), READ_TIMEOUT_S, nonces=scripted_nonces, contracts=False)
        verdict = await run_case(case, context)
        return Trial.of(verdict, [request_side(one) for one in verdict.exchanges if one["side"] == "upstream"], served)


@asynccontextmanager
async def _serving(relay: type[Relay], url: str) -> AsyncIterator[tuple[Relay, TargetConfig]]:
    """A relay in front of that address, and it as a target."""
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as folder:
        config = _config(url, str(Path(folder) / "relay.log"))
        served = _behind(relay)(config)
        async with await RelayServer({"": served}).start() as server:
            target = relay_target(relay.__name__, server.base_url(), config, config.log_file)
            declares = replace(reference_target().declares, **relay.declares)
            yield (
                served,
                replace(target, models=RECORDED, declares=declares, second_api_key=""),
            )  # the cassettes were made with one client


def _behind(relay: type[Relay]) -> type[Relay]:
    """The class with LiteLLM as its provider, below everything that it overrides."""
    bases = (Traced, BehindLiteLLM) if relay is Relay else (relay, BehindLiteLLM)
    return type(relay.__name__, bases, {"__doc__": relay.__doc__})


def _config(url: str, log_file: str) -> RelayConfig:
    return replace(
        RelayConfig(upstream=f"{url}/v1", upstream_key=LITELLM_KEY, models=MODELS, log_file=log_file),
        upstream_models={},
        upstream_keys={},
        deployments={},
        unreachable=(),
        rate_limits={},
        concurrency_limits={},
        timeout_s=30.0,
    )


def _own(declares: Declares) -> Mapping[str, Any]:
    """What a relay does itself, in front of LiteLLM: it has a timeout of its own for one model."""
    return {"timeout_s": declares.timeout_s, "timeout_model": declares.timeout_model}


def _request_side(played: ReplayedAttempt) -> Any:
    own = played.attempt()
    headers = sorted(pair for pair in own.headers if pair[0] not in CHANGING | {"host"})
    reached = not played.is_fixed and (played.recording is None or bool(played.recording.entries))
    return own.method, own.path, own.body, headers, played.ended, reached
