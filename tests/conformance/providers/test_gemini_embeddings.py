"""Embeddings behind Gemini: vectors must be the provider's, counts of tokens are the gateway's own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hopcheck import OutgoingRequest, Relay, RelayedResponse
from hopcheck.engine.verdict import Outcome
from hopcheck.report.causes import causes_of

CASE = "requests.single-attempt[embeddings]"


class EmbedsWithGemini(Relay):
    """Translates requests for embeddings, and counts the tokens that Gemini doesn't count."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        asked = outgoing.json["input"]
        texts = asked if isinstance(asked, list) else [asked]
        requests = [{"model": f"models/{outgoing.model}", "content": {"parts": [{"text": text}]}} for text in texts]
        translated = replace(outgoing, path=f"/models/{outgoing.model}:batchEmbedContents")
        return translated.with_json({"requests": requests})

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.origin != "provider":
            return response
        vectors = [self.vector(one["values"]) for one in json.loads(response.body)["embeddings"]]
        data = [{"object": "embedding", "index": place, "embedding": one} for place, one in enumerate(vectors)]
        usage = {"prompt_tokens": 18, "total_tokens": 18}
        body = {"object": "list", "data": data, "model": "fake-embedding", "usage": usage}
        return replace(response, body=json.dumps(body).encode())

    def vector(self, values: list[float]) -> list[float]:
        return values


class TurnsVectors(EmbedsWithGemini):
    """Each vector points the other way."""

    def vector(self, values: list[float]) -> list[float]:
        return [-value for value in values]


def test_a_gateways_own_counts_are_no_fault(judged: Any) -> None:
    verdicts = judged(EmbedsWithGemini, CASE, provider="gemini")
    assert [verdict.outcome for verdict in verdicts.values()] == [Outcome.CONFORMS]
    assert causes_of(verdicts.values()) == []


def test_vectors_that_are_not_the_providers_are_a_cause(judged: Any) -> None:
    (cause,) = causes_of(judged(TurnsVectors, CASE, provider="gemini").values())
    assert cause.key.startswith("response-fidelity: embeddings")
