"""An error tells nothing of the code that made it."""

import asyncio
import re

from hopcheck import (
    FORWARDED,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Response,
    Target,
    case,
    expect,
    refuse,
    reply,
)

INTERNAL = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]{1,300}\", line \d+|\.py:\d+|\bat [^\n]{1,300}\.[cm]?[jt]s:\d+"
    r"|\bat [\w.$]{1,200}\(\w{1,100}\.(?:java|kt|scala):\d+\)|\w\.rs:\d+:\d+"
    r"|goroutine \d{1,9} \[|\w\.go:\d+|/site-packages/|/node_modules/"
    r"|/(?:usr|home|opt|app|srv|root|var)/[\w./-]{1,300}\.\w|\bSELECT\b.{1,500}\bFROM\b",
    re.DOTALL,
)
SEARCHED = 256 * 1024  # characters of an answer

GARBAGE = {
    "cut": reply.raw(200, '{"id": "chatcmpl-1", "choices": [{"mess', "application/json"),
    "list": reply.json_body([1, 2]),
    "html": reply.html(502),
}


@case(
    "errors.no-stack",
    level="MUST",
    on=FORWARDED,
    refs=["OWASP API8:2023", "Bifrost v1.6.0", "litellm#4970"],
    upstream=GARBAGE,
)
async def no_stack(target: Target, ask: Operation) -> Findings:
    """No error shows a stack trace, a file of the server or a query, however odd the request or the provider."""
    odd = {
        "cut": target.request(ask.method, ask.path, body=b'{"model": "'),
        "deep": target.request(ask.method, ask.path, body=b'{"messages": ' + b"[" * 20_000),
        "a number in the place of what is asked": ask(extra={"messages": 5, "input": 5}),
        "model is a number": ask(model=5),
        "unknown model": ask(model="hopcheck-no-such-model"),
        "wrong key": ask(key="hopcheck-wrong-key"),
    }
    own = dict(zip(odd, await asyncio.gather(*odd.values()), strict=True))
    answers = await asyncio.gather(*(ask(script=name) for name in GARBAGE))
    yield expect("proxy's own errors", _shown(own), equals={})
    yield expect("after a provider's garbage", _shown(dict(zip(GARBAGE, answers, strict=True))), equals={})


def _shown(answers: dict[str, Response]) -> dict[str, str]:
    found = {name: INTERNAL.search(answer.text[:SEARCHED]) for name, answer in answers.items()}
    return {name: match.group()[:80] for name, match in found.items() if match}


@no_stack.mutant(killed_by="proxy's own errors", trips=("errors.invalid-json", "responses.stored"))
class ShowsTraceback(Relay):
    """A body that can't be read ends in the debug page's traceback."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method != "POST" or incoming.json is not None:
            return await super().check(incoming)
        trace = 'Traceback (most recent call last):\n  File "/app/main.py", line 88, in chat\njson.JSONDecodeError'
        return refuse(incoming, 400, trace)


@no_stack.mutant(
    killed_by="after a provider's garbage", trips=("errors.in-success", "messages.error-first", "responses.error-first")
)
class NamesItsFile(Relay):
    """An error about a provider's response names the file and line of the proxy's code."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return refuse(incoming, 502, f"{failure} (adapters/openai.py:214)") if response.status == 502 else response
