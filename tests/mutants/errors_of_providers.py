"""Mutants of the cases about errors that a provider sends."""

import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from hopcheck import Failure, IncomingRequest, Relay, RelayedResponse, refuse
from hopcheck.selftest.independent import violates
from hopcheck_server.relay.messages import dump


class EditsErrors(Relay):
    """Base of those that change an error object that a provider sent."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        error = dict(response.json["error"])
        self.edit(error, failure)
        return response.with_json({"error": error})

    def edit(self, error: dict[str, Any], failure: Failure) -> None:
        """Change it in place."""


@violates("errors.code-type")
class CodesOfServersAreNumbers(EditsErrors):
    """The code of a server error is a number if it looks like one."""

    def edit(self, error: dict[str, Any], failure: Failure) -> None:
        if failure.status >= 500 and str(error["code"]).isdecimal():
            error["code"] = int(error["code"])


@violates("errors.code-type")
class CodesAreStatuses(EditsErrors):
    """An error without a code gets the status as a number."""

    def edit(self, error: dict[str, Any], failure: Failure) -> None:
        error["code"] = error["code"] or failure.status


@violates("errors.in-success")
class WrapsErrorsInCompletions(Relay):
    """A 200 that holds an error stays one, with an empty list next to the error."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind != "error-event":
            return response
        return replace(response, status=200).with_json({"choices": [], "data": [], **response.json})


@violates("errors.message-useful")
class EndsMessagesAtFullStops(EditsErrors):
    """Of a provider's message, the first sentence is passed on."""

    def edit(self, error: dict[str, Any], failure: Failure) -> None:
        if ". " in error["message"]:
            error["message"] = error["message"].partition(". ")[0]
        else:
            error["message"] = error["message"][:20]


@violates("errors.message-useful")
class ForgetsParamsBelowTheTop(EditsErrors):
    """The param of an error is passed on only if it is the name of a field of the request."""

    def edit(self, error: dict[str, Any], failure: Failure) -> None:
        if "." in str(error["param"]) or "[" in str(error["param"]):
            error["param"] = None


@violates("errors.other-forms")
class PassesListsOn(Relay):
    """An error that comes in a list is passed on as it is."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return replace(response, body=failure.body) if failure.body.lstrip().startswith(b"[") else response


@violates("errors.other-forms")
class CallsTextABadGateway(Relay):
    """An error whose body is no JSON becomes a 502, whatever its status was."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return response if failure.body.lstrip()[:1] in (b"{", b"[") else replace(response, status=502)


@violates("errors.quota")
class TakesQuotasForLimits(EditsErrors):
    """A 429 is a rate limit: its type and code say so, whatever the provider's were."""

    def edit(self, error: dict[str, Any], failure: Failure) -> None:
        if failure.status == 429:
            error.update(type="rate_limit_error", code="rate_limit_exceeded")


@violates("errors.retry-after")
class CountsDatesInSeconds(Relay):
    """A date in Retry-After becomes the seconds since 1970."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        wait = response.header("retry-after")
        if wait is None or "," not in wait:
            return response
        return response.with_header("Retry-After", str(int(parsedate_to_datetime(wait).timestamp())))


@violates("errors.retry-after")
class WaitsAMinuteForOverloads(Relay):
    """With a 503, Retry-After is a minute, however long the provider's was."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_theirs = response.status == 503 and response.header("retry-after") and response.origin == "provider"
        return response.with_header("Retry-After", "60") if is_theirs else response


class MapsStatuses(Relay):
    """Base of those that change the status of a provider's error."""

    map: ClassVar[dict[int, int]] = {}

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        status = self.map.get(response.status, response.status)
        return replace(response, status=status) if response.origin == "provider" else response


@violates("errors.sdk-class")
class HidesForbidden(MapsStatuses):
    """What is forbidden isn't found."""

    map: ClassVar = {403: 404}


@violates("errors.status-preserved")
class CrashesOnLegalReasons(MapsStatuses):
    """A client error that isn't common (451, 410, 402) becomes a 500."""

    map: ClassVar = {451: 500, 410: 500, 402: 500}


@violates("errors.status-preserved")
class BlamesClientsForTimeouts(MapsStatuses):
    """A provider's 504 becomes a 408, as if the client had been slow."""

    map: ClassVar = {504: 408}


@violates("errors.upstream-auth")
class ForbidsInstead(Relay):
    """A provider that refuses the relay's key makes it a 403."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.status == 401:
            return refuse(incoming, 403, "You may not use this model.", code="forbidden")
        return await super().failed(incoming, failure)


@violates("errors.upstream-html")
class TakesTagsOut(Relay):
    """The text of a page, without its tags, is an error's message."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if not failure.body.lstrip().startswith(b"<"):
            return response
        text = re.sub(r"<[^>]*>", " ", failure.body.decode()).strip()
        return response.with_json({"error": {**response.json["error"], "message": text}})


@violates("errors.upstream-html")
class PassesPagesOfSuccess(Relay):
    """A page that comes with a 200 is passed on."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "garbled" and failure.body.lstrip().startswith(b"<"):
            return RelayedResponse(incoming, 200, [("Content-Type", "text/html")], failure.body)
        return await super().failed(incoming, failure)


@violates("rate_limit.upstream-retry-after")
class AddsASecond(Relay):
    """A provider's Retry-After is made a second longer, to be on the safe side."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        wait = response.header("retry-after") or ""
        is_theirs = response.origin == "provider" and wait.isdecimal()
        return response.with_header("Retry-After", str(int(wait) + 1)) if is_theirs else response


@violates("errors.shape")
class ErrorsAreTyped(Relay):
    """A provider's error has its fields at the top, next to the object `error`, whose message is empty."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        error = response.json["error"]
        return replace(response, body=dump({**error, "error": {**error, "message": None}}))
