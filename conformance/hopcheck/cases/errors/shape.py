"""Every error is an error object."""

from dataclasses import replace

from hopcheck import (
    FORWARDED,
    OF_OPENAI,
    EditsErrors,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
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

FOREIGN = reply.raw(422, '{"detail": [{"loc": ["body"], "msg": "value is not a valid list"}]}', "application/json")
BROWSERS = "text/html,application/xhtml+xml,*/*;q=0.8"
FIELDS = frozenset({"message", "type", "param", "code"})
TRIPPED = ("chat.required-fields", "errors.*", "messages.*", "responses.*")


@case(
    "errors.shape",
    level="MUST",
    on=FORWARDED,
    needs=["parses"],
    refs=["OAI Error", "litellm#1554", "litellm#6578", "litellm#8823", "otari#978", "nvcf#1690"],
    upstream={"openai": reply.status(400), "foreign": FOREIGN},
)
async def shape(target: Target, ask: Operation) -> Findings:
    """Every error's body is an object `error` with message, type, param and code, sent as application/json."""
    own = {
        "bad JSON": await target.request(ask.method, ask.path, body=b'{"model": "'),
        "unknown model": await ask(script="openai", model="hopcheck-no-such-model"),
        "no key": await ask(script="openai", key=""),
        "for a browser": await ask(script="openai", model="hopcheck-no-such-model", headers={"Accept": BROWSERS}),
    }
    passed = {script: await ask(script=script) for script in ("openai", "foreign")}
    yield expect("proxy's own errors", _complaints(own), equals={})
    kept = {name: answer for name, answer in passed.items() if await target.relayed(answer)}
    written = {name: answer for name, answer in passed.items() if name not in kept}
    yield expect("provider's errors", _complaints(written), equals={})
    yield expect("provider's errors, passed on as they came", _complaints(kept), equals={}, level="SHOULD")
    errors = {name: answer.error for name, answer in _errors({**own, **written}) if answer.error}
    missing = {name: FIELDS - set(error) if isinstance(error, dict) else FIELDS for name, error in errors.items()}
    if ask.name in OF_OPENAI:  # the Messages API's errors have no more than a type and a message
        lacking = {name: sorted(found) for name, found in missing.items() if found}
        yield expect("fields", lacking, equals={}, level="SHOULD")
    kinds = {name: answer.media_type for name, answer in _errors({**own, **passed})}
    yield expect("media types", kinds, equals=dict.fromkeys(kinds, "application/json"))


def _errors(answers: dict[str, Response]) -> list[tuple[str, Response]]:
    """Those that are errors; whether the others should be is for other cases to judge."""
    return [(name, answer) for name, answer in answers.items() if answer.status is None or answer.status >= 400]


def _complaints(answers: dict[str, Response]) -> dict[str, list[str]]:
    return {name: wrong for name, answer in _errors(answers) if (wrong := contract_violations("Error", answer.json))}


@shape.mutant(killed_by="proxy's own errors", trips=(*TRIPPED, "llm_proxy.*"))
class FrameworksOwn(Relay):
    """What a request is refused with has the web framework's shape."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        return refusal and refusal.with_json({"detail": "Unprocessable Entity"})


@shape.mutant(killed_by="proxy's own errors")
class GreetsBrowsers(Relay):
    """For a client that likes HTML, an error is a page."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status >= 400 and "text/html" in (response.incoming.header("accept") or ""):
            return replace(response, body=b"<h1>Error</h1>").with_header("Content-Type", "text/html")
        return response


@shape.mutant(killed_by="provider's errors", trips=(*TRIPPED, "fallback.*", "stream.*"))
class WrapsBodies(EditsErrors):
    """A provider's error body is wrapped into the web framework's shape."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return response.with_json({"detail": response.json}) if failure.body else response


@shape.mutant(killed_by="provider's errors, passed on as they came", trips=(*TRIPPED, "auth.key-not-in-errors"))
class PassesBodiesOn(EditsErrors):
    """A provider's error body is passed on as it came, whatever it is."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return replace(response, body=failure.body or response.body)


@shape.mutant(killed_by="media types")
class ErrorsAsText(Relay):
    """Errors are sent as text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response if response.status < 400 else response.with_header("Content-Type", "text/plain; charset=utf-8")


@shape.mutant(killed_by="fields", on=OF_OPENAI, trips=TRIPPED)
class LeavesCodesOut(Relay):
    """An error that has no code doesn't say so."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if not isinstance(error := dig(response.json, "error"), dict):
            return response
        return response.with_json({"error": {name: value for name, value in error.items() if value is not None}})
