"""An id by which a client's report and the gateway's logs find each other."""

from hopcheck import (
    ALL,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    reply,
)


@case(
    "http.request-id",
    level="SHOULD",
    on=ALL,
    refs=["openai-python _request_id", "litellm#42078"],
    upstream={"": reply.chat("Hello"), "refused": reply.status(400)},
)
async def request_id(target: Target, ask: Operation) -> Findings:
    """Every response has an x-request-id of its own, errors too."""
    answers = {
        "a response": await ask(),
        "another": await ask(),
        "a refused key": await ask(key="hopcheck-wrong-key"),
        "an error": await target.request(ask.method, f"{ask.path}/no-such-path"),
    }
    if ask.forwarded:
        first = answers["a response"]
        body, marker = first.sent.body, first.marker
        answers["the same request"] = await target.request(ask.method, ask.path, body=body, marker=marker)
        answers["a provider's error"] = await ask(script="refused")
    ids = {name: answer.header("x-request-id") for name, answer in answers.items()}
    yield expect("responses without an id", [name for name, value in ids.items() if not value], equals=[])
    given = [value for value in ids.values() if value]
    yield expect("ids", ids, holds=len(set(given)) == len(given), to="a different one on each")


@request_id.mutant(killed_by="responses without an id")
class NoIdOnErrors(Relay):
    """Errors are answered before the request has got its id."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-request-id", None) if response.status >= 400 else response


@request_id.mutant(killed_by="ids")
class OneIdForAll(Relay):
    """The id is the process's, not the request's."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-request-id", f"relay-{id(self)}")
