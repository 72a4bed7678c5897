"""A relay that translates rightly holds, and each way of translating wrongly is found, through a real socket."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from hopcheck.engine.verdict import Outcome
from hopcheck.report.causes import causes_of
from hopcheck_contracts.sse import event_of
from hopcheck_server.relay.messages import Events
from hopcheck_server.relay.translating import TranslatingRelay, speaking

HEALTHY = ("chat.*", "tools.*", "errors.upstream*", "errors.retry*", "stream.content*", "stream.usage*", "cancel.*")
ACCEPTABLE = {Outcome.CONFORMS, Outcome.NOT_APPLICABLE, Outcome.ADVISORY}


class DropsTheSystem(TranslatingRelay):
    """System texts get lost."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in super().to_request(body).items() if name != "system"}


class LosesResultIds(TranslatingRelay):
    """A tool's result belongs to no call any more."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        message = super().to_request(body)
        for turn in message["messages"]:
            for block in turn["content"]:
                if block["type"] == "tool_result":
                    block["tool_use_id"] = "toolu_0"
        return message


class RenumbersCalls(TranslatingRelay):
    """Every call of a stream has the place 0."""

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        async for event in super().to_chunks(events, model, include_usage=include_usage):
            chunk = event.json
            for choice in chunk["choices"] if isinstance(chunk, dict) else ():
                for call in choice["delta"].get("tool_calls", ()):
                    call["index"] = 0
            yield event if event.is_done else event_of(chunk)


class InventsIds(TranslatingRelay):
    """Calls get new ids, so that their results can't be matched."""

    def to_completion(self, message: dict[str, Any], model: str) -> dict[str, Any]:
        completion, numbers = super().to_completion(message, model), count()
        for call in completion["choices"][0]["message"].get("tool_calls", ()):
            call["id"] = f"call_{next(numbers)}"
        return completion


class CountsFreshTokensOnly(TranslatingRelay):
    """Tokens from a cache are missing in the usage."""

    def to_completion(self, message: dict[str, Any], model: str) -> dict[str, Any]:
        return super().to_completion({**message, "usage": {**message["usage"], "cache_read_input_tokens": 0}}, model)


class NamesEveryEndStop(TranslatingRelay):
    """A response that was cut off by its limit ends like any other."""

    def to_completion(self, message: dict[str, Any], model: str) -> dict[str, Any]:
        return super().to_completion({**message, "stop_reason": "end_turn"}, model)


@pytest.mark.parametrize("provider", TranslatingRelay.providers)
def test_a_healthy_translation_holds(judged, provider):
    verdicts = judged(speaking(TranslatingRelay, provider), *HEALTHY, provider=provider)
    assert {key: one.outcome for key, one in verdicts.items() if one.outcome not in ACCEPTABLE} == {}
    assert [cause.key for cause in causes_of(verdicts.values()) if cause.level == "MUST"] == []
    conforming = [key for key, one in verdicts.items() if one.outcome is Outcome.CONFORMS]
    assert len(conforming) >= 20
    assert all(f"@{provider}]" in key for key in conforming)


@pytest.mark.parametrize(
    ("relay", "case", "cause"),
    [
        (DropsTheSystem, "requests.messages-verbatim[chat]", "request-fidelity: a system text is lost"),
        (LosesResultIds, "tools.result-turn[chat]", "request-fidelity: the ids of tools' results are changed"),
        (RenumbersCalls, "tools.stream-index", "response-fidelity: choices[].tool_calls[] is missing"),
        (CountsFreshTokensOnly, "chat.usage-details[chat]", "response-fidelity: usage.prompt_tokens is changed"),
        (NamesEveryEndStop, "stream.nonstream-parity", "response-fidelity: choices[].finish_reason is changed"),
    ],
)
def test_a_wrong_translation_is_a_cause(judged, relay, case, cause):
    assert cause in [one.key for one in causes_of(judged(relay, case).values())]


def test_invented_ids_fail_a_case(judged):
    (verdict,) = judged(InventsIds, "tools.call-nonstream").values()
    assert [finding.check for finding in verdict.failed] == ["calls"]
