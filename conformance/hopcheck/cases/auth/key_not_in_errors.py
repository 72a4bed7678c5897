"""An error tells no keys, even if the provider does."""

from hopcheck import (
    FORWARDED,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    Untestable,
    case,
    expect,
    reply,
)

PROVIDER_ERROR = {
    "message": "Incorrect API key provided: $KEY. You can find yours in your account, where $KEY is no longer listed.",
    "type": "server_error",
}
HEADERS = {"x-provider-key": "$KEY"}
SCRIPTS = {
    "": reply.chat("Hello."),
    "stream": reply.stream("Hel", failure=reply.error_story(500, PROVIDER_ERROR), echo=True),
    **{str(code): reply.status(code, PROVIDER_ERROR, headers=HEADERS, echo=True) for code in (400, 500, 401)},
}


@case(
    "auth.key-not-in-errors",
    level="MUST",
    on=FORWARDED,
    needs=["own_account"],
    refs=["litellm#5762", "litellm#15799", "litellm#25203"],
    isolation="cooldown",
    upstream=SCRIPTS,
    trips_on=("fallback.all-fail:SaysItWorked", "stream.error-mid:SaysErrorsAsText"),
)
async def key_not_in_errors(target: Target, ask: Operation) -> Findings:
    """No error shows a key, neither the provider's nor a client's, whatever the provider says."""
    provider_key = (await target.forwarded(await ask())).key
    if not provider_key and target.declares.auth_policy == "keys":
        raise Untestable("no key reached the provider, so there is none to look for")
    answers = {code: await ask(script=code) for code in ("400", "500", "401")}
    if ask.streams:
        answers["stream"] = await ask(script="stream")
    shown = {name: answer.where(provider_key) for name, answer in answers.items()}
    yield expect("bodies with the provider's key", [name for name in shown if "body" in shown[name]], equals=[])
    headers = [f"{name}, {place}" for name in shown for place in shown[name] if place != "body"]
    yield expect("headers with the provider's key", headers, equals=[])
    own = [f"{name}, {place}" for name, answer in answers.items() for place in answer.where(target.config.api_key)]
    yield expect("client's key", own, equals=[])
    if target.declares.auth_policy != "keys":
        return
    refused = await ask(key="hopcheck-refused-key")
    # SHOULD: who reads this has sent it; but it may be a good key with a slip, and errors end up in logs.
    yield expect("refused key", refused.where("hopcheck-refused-key"), equals=[], level="SHOULD")


@key_not_in_errors.mutant(killed_by="bodies with the provider's key", trips=("auth.key-not-in-logs",))
class TrustsTheProvider(Relay):
    """A provider's error texts are passed on as they are."""

    async def scrub(self, text: bytes) -> bytes:
        return text


@key_not_in_errors.mutant(killed_by="headers with the provider's key")
class CopiesErrorHeaders(Relay):
    """An error comes with all the headers that the provider sent with it."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        for name, value in failure.head.headers if failure.head else ():
            response = response.with_header(name, value) if name.startswith("x-provider-") else response
        return response


@key_not_in_errors.mutant(killed_by="client's key")
class RepeatsTheRequest(Relay):
    """An error repeats the headers of the request that it answers."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        asked = response.incoming.header("authorization") or ""
        return response.with_header("x-failed-request", asked) if response.origin == "provider" else response


@key_not_in_errors.mutant(killed_by="refused key")
class NamesTheRefusedKey(Relay):
    """A key that is refused is named in the refusal."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        return refusal and refusal.with_header("x-refused-key", incoming.key)
