"""Answers of a provider that aren't what they should be."""

import asyncio
from collections.abc import Iterable

from hopcheck import (
    Failure,
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    contract_violations,
    dig,
    expect,
    reply,
)

BEGUN = '{"id":"chatcmpl-1","object":"chat.completion","created":1735689600,"model":"m","choices":[{"index":0,'
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"

OTHERS = ("errors.*:*", "stream.json-instead:*")
"""Whose mutants these cases may notice too: they are about the same errors."""


async def _asked(target: Target, scripts: Iterable[str]) -> dict[str, Response]:
    """All at once: a proxy that tries each again takes its time."""
    names = list(scripts)
    answers = await asyncio.gather(*(target.chat.create(script=name) for name in names))
    return dict(zip(names, answers, strict=True))


def _blames_the_provider(answers: dict[str, Response]) -> bool:
    return all(answer.status is not None and 500 <= answer.status < 600 for answer in answers.values())


def _complaints(answers: dict[str, Response]) -> dict[str, list[str]]:
    return {
        name: complaints
        for name, answer in answers.items()
        if (complaints := contract_violations("Error", answer.json))
    }


GARBAGE = {
    "html": reply.html(200),
    "cut-json": reply.raw(200, BEGUN, "application/json"),
    "text": reply.raw(200, "upstream connect error", "application/json"),
    "empty": reply.raw(200, "", "application/json"),
}


@case(
    "chat.invalid-upstream-json",
    level="MUST",
    needs=["parses"],
    refs=["litellm#32237", "RFC 9110 15.6.3"],
    upstream=GARBAGE,
    trips_on=OTHERS,
)
async def invalid_upstream_json(target: Target) -> Findings:
    """A provider's 200 that holds no JSON (a web page, half an object, nothing) becomes an error of the 500s."""
    answers = await _asked(target, GARBAGE)
    statuses = {name: answer.status for name, answer in answers.items()}
    yield expect("statuses", statuses, holds=_blames_the_provider(answers), to="500 to 599 for each")
    yield expect("errors that aren't OpenAI's shape", _complaints(answers), equals={})


WRONG_LENGTHS = {
    "too-long": reply.chat("Hello.", content_length=9999),
    "too-short": reply.chat("Hello.", content_length=60),
}


@case(
    "chat.content-length-mismatch",
    level="MUST",
    needs=["parses"],
    refs=["envoyproxy/ai-gateway#1091", "RFC 9112 8"],
    upstream=WRONG_LENGTHS,
    trips_on=OTHERS,
)
async def content_length_mismatch(target: Target) -> Findings:
    """A provider's answer that isn't as long as it says becomes an error of the 500s, never a 200 with a part of it."""
    answers = await _asked(target, WRONG_LENGTHS)
    broken = {name: answer for name, answer in answers.items() if dig(answer.message, "content") != "Hello."}
    statuses = {name: answer.status for name, answer in broken.items()}
    yield expect("statuses", statuses, holds=_blames_the_provider(broken), to="500 to 599 where the text isn't whole")
    yield expect("errors that aren't OpenAI's shape", _complaints(broken), equals={})


class _OnBrokenAnswer(Relay):
    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        broken = failure.kind in ("garbled", "cut")
        return self.instead(incoming) if broken else await super().failed(incoming, failure)

    def instead(self, incoming: IncomingRequest) -> RelayedResponse:
        raise NotImplementedError


@content_length_mismatch.mutant(killed_by="statuses", trips=("stream.*", "errors.*", "retry.*"))
@invalid_upstream_json.mutant(killed_by="statuses", trips=("stream.*", "errors.*", "retry.*"))
class PassesItOn(_OnBrokenAnswer):
    """What came of a broken answer goes on with its 200."""

    def instead(self, incoming: IncomingRequest) -> RelayedResponse:
        return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], BEGUN.encode())


@content_length_mismatch.mutant(
    killed_by="errors that aren't OpenAI's shape", trips=("stream.*", "errors.*", "retry.*")
)
@invalid_upstream_json.mutant(killed_by="errors that aren't OpenAI's shape", trips=("stream.*", "errors.*", "retry.*"))
class ShowsThePage(_OnBrokenAnswer):
    """A web page stands in the place of an error."""

    def instead(self, incoming: IncomingRequest) -> RelayedResponse:
        return RelayedResponse(incoming, 502, [("Content-Type", "text/html")], HTML.encode())
