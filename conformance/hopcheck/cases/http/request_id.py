"""An id by which a client's report and the gateway's logs find each other."""

from hopcheck import Findings, Relay, RelayedResponse, Target, case, expect


@case("http.request-id", level="SHOULD", refs=["openai-python _request_id", "litellm#42078"])
async def request_id(target: Target) -> Findings:
    """Every answer has an x-request-id of its own: answers in one piece, streams and errors."""
    answers = {
        "answer": await target.chat.create(),
        "another": await target.chat.create(),
        "stream": await target.chat.stream(),
        "error": await target.request("POST", "/chat/completions", body=b"{"),
    }
    ids = {name: answer.header("x-request-id") for name, answer in answers.items()}
    yield expect("answers without an id", [name for name, value in ids.items() if not value], equals=[])
    given = [value for value in ids.values() if value]
    yield expect("ids", ids, holds=len(set(given)) == len(given), to="a different one on each")


@request_id.mutant(killed_by="answers without an id")
class NoIdOnErrors(Relay):
    """Errors are answered before the request has got its id."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-request-id", None) if response.status >= 400 else response


@request_id.mutant(killed_by="ids")
class OneIdForAll(Relay):
    """The id is the process's, not the request's."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("x-request-id", f"relay-{id(self)}")
