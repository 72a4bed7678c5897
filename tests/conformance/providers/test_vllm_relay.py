"""The healthy relay in front of vLLM is judged as in front of OpenAI: what vLLM adds is nobody's fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hopcheck import DONE, Events, OutgoingRequest
from hopcheck.engine.verdict import Outcome
from hopcheck.report.causes import causes_of
from hopcheck_server.relay import Relay, RelayConfig

PATTERNS = ("errors.status-preserved", "errors.shape", "stream.done-once", "stream.usage-*", "tools.*", "embeddings.*")


class InFrontOfVLLM(Relay):
    """The healthy relay, whose provider is vLLM."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(replace(config, upstream=config.upstream.replace("/v1", "/vllm/v1")))


class EndsTwice(InFrontOfVLLM):
    """`[DONE]` is sent twice."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield DONE


def test_the_healthy_relay_conforms(judged) -> None:
    verdicts = judged(InFrontOfVLLM, *PATTERNS, provider="vllm")
    outcomes = {key: verdict.outcome for key, verdict in verdicts.items()}
    assert set(outcomes.values()) <= {Outcome.CONFORMS, Outcome.NOT_APPLICABLE}, outcomes
    assert list(outcomes.values()).count(Outcome.CONFORMS) > 20
    assert "embeddings.batch-order[embeddings@vllm]" in outcomes


def test_a_mutant_is_killed(judged) -> None:
    verdicts = judged(EndsTwice, "stream.done-once", provider="vllm")
    assert verdicts["stream.done-once[chat.stream@vllm]"].outcome is Outcome.DEVIATES


class ListsInputs(InFrontOfVLLM):
    """A text to embed is sent as a list of one."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        asked = outgoing.json.get("input")
        return outgoing.with_json({**outgoing.json, "input": [asked] if isinstance(asked, str) else asked})


class DropsInputs(InFrontOfVLLM):
    """Of a text to embed, its beginning is lost."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "input": [outgoing.json["input"][1:]]})


@pytest.mark.parametrize(
    ("relay", "causes"), [(ListsInputs, []), (DropsInputs, ["request-fidelity: input[] is changed"])]
)
def test_one_text_may_be_a_list_of_one(judged, relay, causes) -> None:
    verdicts = judged(relay, "requests.single-attempt[embeddings]", provider="vllm")
    assert [cause.key for cause in causes_of(verdicts.values())] == causes
