"""Mutants of the cases about requests that a gateway refuses by itself."""

from dataclasses import replace

from hopcheck import Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, refuse
from hopcheck.selftest.independent import violates
from hopcheck_server.relay.messages import dump


class _ReadsBodies(Relay):
    """Base of those that take what isn't a JSON object for one."""

    def read(self, body: bytes) -> bytes:
        """The body as it should have been."""
        return body

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        parsed = self.read(incoming.body)
        if parsed != incoming.body:
            again = IncomingRequest.of(incoming.exchange, "", incoming.id)
            incoming.body = parsed
            incoming.json = OutgoingRequest(again, "", "", (), parsed).json or None
        return await super().check(incoming)


@violates("errors.content-type")
class TakesPlainTextWithCharset(Relay):
    """A body that is declared to be plain text is taken if the declaration names a charset."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        kind = (incoming.header("content-type") or "").lower()
        return None if refusal and refusal.status == 415 and "charset" in kind else refusal


@violates("errors.content-type")
class TakesPlainText(Relay):
    """A body that is declared to be plain text is read like any other."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        kind = (incoming.header("content-type") or "").lower()
        return None if refusal and refusal.status == 415 and kind == "text/plain" else refusal


@violates("errors.invalid-json")
class UnwrapsLists(_ReadsBodies):
    """A list with an object in it is taken for the object."""

    def read(self, body: bytes) -> bytes:
        text = body.strip()
        return text[1:-1].strip() or b"{}" if text.startswith(b"[") and text.endswith(b"]") else body


@violates("errors.invalid-json")
class RefusesBrokenJsonAsCrash(Relay):
    """A body that breaks off in the middle of a text ends the connection."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method == "POST" and incoming.json is None and incoming.body.count(b'"') % 2:
            raise ValueError
        return await super().check(incoming)


@violates("errors.method-not-allowed")
class AllowsWhatItRefuses(Relay):
    """A 405 to GET names GET among the methods that are allowed, and has no error object."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status != 405:
            return response
        return replace(response, body=b'{"detail":"Method Not Allowed"}').with_header("Allow", "GET")


@violates("errors.missing-fields")
class SendsNullOn(Relay):
    """A question that is null is sent to the provider."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        asked = "input" if incoming.path.endswith(("embeddings", "responses")) else "messages"
        body = incoming.json or {}
        return None if refusal and asked in body and body[asked] is None else refusal


@violates("errors.missing-fields")
class SendsNothingOn(Relay):
    """A question that is an empty list is sent to the provider."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        asked = "input" if incoming.path.endswith(("embeddings", "responses")) else "messages"
        return None if refusal and (incoming.json or {}).get(asked) == [] else refusal


@violates("errors.no-stack")
class ShowsItsRouter(Relay):
    """The error about an unknown model ends with the place in the server's sources."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status != 404 or b"There is no model" not in response.body:
            return response
        text = response.json["error"]["message"] + " at com.gateway.Router.route(Router.java:42)"
        return response.with_json({**response.json, "error": {**response.json["error"], "message": text}})


@violates("errors.no-stack")
class ShowsQueriesToStrangers(Relay):
    """The error about a wrong key shows the query that looked for it."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        if refusal is None:
            return None
        return refuse(incoming, 401, "no rows: SELECT id FROM api_keys WHERE hash = $1", code="invalid_api_key")


@violates("errors.odd-model")
class FormatsModelNames(Relay):
    """A model's name with a percent sign or a brace breaks the message that it is put into."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if "%" in incoming.model or "{" in incoming.model:
            return refuse(incoming, 500, "Something went wrong.", code="internal_error")
        return await super().check(incoming)


@violates("errors.odd-model")
class HangsUpOnLongNames(Relay):
    """A model's name of more than a thousand characters ends the connection."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if len(incoming.model) > 1000:
            raise OverflowError
        return await super().check(incoming)


@violates("errors.shape")
class DeclaresProblems(Relay):
    """The refusal of a wrong key is declared to be `application/problem+json`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Type", "application/problem+json") if response.status == 401 else response


@violates("errors.shape")
class LeavesNullParamsOut(Relay):
    """A provider's error arrives without its param if that is null."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        error = response.json["error"]
        return response.with_json({"error": {name: error[name] for name in error if error[name] is not None}})


@violates("errors.unknown-model")
class TakesPrefixes(Relay):
    """A model whose name begins like a known one's is answered by that one."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        known = [model for model in self.config.models if incoming.model.startswith(model)]
        if incoming.json and known:
            incoming.json = {**incoming.json, "model": known[0]}
            incoming.body = dump(incoming.json)
        return await super().check(incoming)


@violates("errors.unknown-path")
class RefusesUnknownPaths(Relay):
    """A POST to a path that isn't served is answered with 405."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal and refusal.status == 404 and incoming.method == "POST" and b"nothing at" in refusal.body:
            return refuse(incoming, 405, "POST is not allowed here.", code="method_not_allowed")
        return refusal


@violates("errors.unknown-path")
class ShowsAPage(Relay):
    """A path that isn't served is answered with a page for people, and 200."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal and refusal.status == 404 and b"nothing at" in refusal.body:
            return RelayedResponse(incoming, 200, [("Content-Type", "text/html")], b"<h1>Welcome</h1>")
        return refusal
