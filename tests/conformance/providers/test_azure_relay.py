"""The healthy relay in front of Azure OpenAI is judged as in front of OpenAI, though paths and keys differ."""

from __future__ import annotations

from dataclasses import replace

from hopcheck import OutgoingRequest
from hopcheck.engine.verdict import Outcome
from hopcheck.report.causes import causes_of
from hopcheck_server.relay import Relay, RelayConfig

PATTERNS = ("errors.status-preserved", "errors.other-forms", "stream.cut", "stream.usage-*", "tools.*", "embeddings.*")
VERSION = "2024-10-21"


class InFrontOfAzure(Relay):
    """The healthy relay, whose provider is Azure: a deployment for each model, and the key in a header of its own."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(replace(config, upstream=config.upstream.removesuffix("/v1")))

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        path = f"/openai/deployments/{outgoing.model}{outgoing.path}?api-version={VERSION}"
        kept = [(name, value) for name, value in outgoing.headers if name != "Authorization"]
        return replace(outgoing, path=path, headers=(*kept, ("api-key", self.config.upstream_key)))


class SetsTheTemperature(InFrontOfAzure):
    """Every request has a temperature of the gateway's own."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return (await super().request(outgoing)).with_json({**outgoing.json, "temperature": 1.5})


def test_the_healthy_relay_conforms(judged) -> None:
    verdicts = judged(InFrontOfAzure, *PATTERNS, provider="azure")
    outcomes = {key: verdict.outcome for key, verdict in verdicts.items()}
    assert set(outcomes.values()) <= {Outcome.CONFORMS, Outcome.NOT_APPLICABLE}, outcomes
    assert list(outcomes.values()).count(Outcome.CONFORMS) > 20
    assert [cause.key for cause in causes_of(verdicts.values())] == []


def test_a_changed_request_is_a_cause(judged) -> None:
    verdicts = judged(SetsTheTemperature, "tools.call-nonstream", provider="azure")
    assert "request-fidelity: temperature is added" in [cause.key for cause in causes_of(verdicts.values())]
