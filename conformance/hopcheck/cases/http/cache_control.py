"""Answers that no shared cache may keep."""

import re

from hopcheck import Findings, Relay, RelayedResponse, Target, case, expect


@case("http.cache-control", level="SHOULD", refs=["RFC 9111 3.5", "any-llm#973"])
async def cache_control(target: Target) -> Findings:
    """Answers to authorized requests don't allow shared caches to keep them for other clients."""
    answers = {
        "list of models": await target.request("GET", "/models"),
        "chat answer": await target.chat.create(),
        "stream": await target.chat.stream(),
    }
    fields = {name: ", ".join(answer.all("cache-control")) for name, answer in answers.items()}
    shared = {name: value for name, value in fields.items() if re.search(r"\bpublic\b|\bs-maxage\b", value.lower())}
    yield expect("for shared caches", shared, equals={})


@cache_control.mutant(killed_by="for shared caches")
class PublicList(Relay):
    """The list of models may be kept by everybody for an hour, though each key has its own."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        public = response.incoming.method == "GET" and response.status == 200
        return response.with_header("Cache-Control", "public, max-age=3600") if public else response
