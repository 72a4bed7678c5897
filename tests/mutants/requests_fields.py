"""Mutants of the cases about a request's fields on their way to the provider."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from hopcheck import OutgoingRequest, Relay, edits
from hopcheck.selftest.independent import violates


class EditsRequests(Relay):
    """Base of those that change a request's body."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        self.edit(body)
        return outgoing if body == outgoing.json else outgoing.with_json(body)

    def edit(self, body: dict[str, Any]) -> None:
        """Change it in place."""


def changed(value: Any, change: Any) -> Any:
    """A JSON value with every leaf changed."""
    if isinstance(value, dict):
        return {name: changed(one, change) for name, one in value.items()}
    return [changed(one, change) for one in value] if isinstance(value, list) else change(value)


@violates("requests.content-type")
class StatesItsTypeTwice(Relay):
    """The content type is stated twice."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, headers=(*outgoing.headers, ("content-type", "application/json")))


@violates("requests.content-type")
class WritesLatin(Relay):
    """A body goes upstream in Latin-1 if all its characters can be written so."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, body=outgoing.body.decode().encode("latin-1", "backslashreplace"))


@violates("requests.drop-params-declared")
class DropsPredictions(EditsRequests):
    """Fields that came late to the API are dropped."""

    def edit(self, body: dict[str, Any]) -> None:
        for name in ("prediction", "verbosity", "web_search_options"):
            body.pop(name, None)


@violates("requests.drop-params-declared")
class DropsBias(EditsRequests):
    """`logit_bias` is dropped."""

    def edit(self, body: dict[str, Any]) -> None:
        body.pop("logit_bias", None)


@violates("requests.many-tools")
class DescribesFirstTools(EditsRequests):
    """From the 65th tool on, descriptions are left out."""

    def edit(self, body: dict[str, Any]) -> None:
        for tool in (body.get("tools") or [])[64:]:
            tool["function"].pop("description", None)


@violates("requests.many-tools")
class KnowsSixtyFourTools(EditsRequests):
    """From the 65th tool on, tools have no parameters."""

    def edit(self, body: dict[str, Any]) -> None:
        for tool in (body.get("tools") or [])[64:]:
            tool["function"]["parameters"] = {"type": "object", "properties": {}}


@violates("requests.model-map", everywhere=True)
class MapsAnswersOnly(Relay):
    """A stream goes upstream under the client's name for the model."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "model": outgoing.model}) if outgoing.incoming.streams else outgoing


@violates("requests.numbers")
class WritesNumbersAsDoubles(EditsRequests):
    """Integers that a double doesn't hold are rounded to one."""

    def edit(self, body: dict[str, Any]) -> None:
        if "tools" in body:
            body["tools"] = changed(body["tools"], self.rounded)

    def rounded(self, value: Any) -> Any:
        return int(float(value)) if isinstance(value, int) and not isinstance(value, bool) else value


@violates("requests.numbers")
class WritesSixDigits(EditsRequests):
    """Fractions have six digits after the point."""

    def edit(self, body: dict[str, Any]) -> None:
        if "tools" in body:
            body["tools"] = changed(body["tools"], lambda one: round(one, 6) if isinstance(one, float) else one)


@violates("requests.old-and-null-fields")
class ForgetsTheFunctionWanted(EditsRequests):
    """A function call that names its function goes upstream as `auto`."""

    def edit(self, body: dict[str, Any]) -> None:
        if isinstance(body.get("function_call"), dict):
            body["function_call"] = "auto"


@violates("requests.old-and-null-fields")
class TakesNullForZero(EditsRequests):
    """A number that is null goes upstream as zero."""

    def edit(self, body: dict[str, Any]) -> None:
        for name in ("temperature", "top_p", "max_tokens", "seed", "presence_penalty", "frequency_penalty"):
            if name in body and body[name] is None:
                body[name] = 0


@violates("requests.prompt-cache-stable")
class ShufflesKeys(Relay):
    """Every second request has its fields in the opposite order."""

    number = 0

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self.number += 1
        return outgoing.with_json(dict(reversed(outgoing.json.items()))) if self.number % 2 else outgoing


@violates("requests.prompt-cache-stable")
class ShufflesTools(Relay):
    """Every second request has its tools in the opposite order."""

    number = 0

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        self.number += 1
        return edits.request_field(outgoing, "tools", lambda tools: tools[::-1]) if self.number % 2 else outgoing


@violates("requests.user-field")
class HashesUsers(EditsRequests):
    """The identifier of a user goes upstream as its digest."""

    def edit(self, body: dict[str, Any]) -> None:
        if "safety_identifier" in body:
            body["safety_identifier"] = hashlib.sha256(str(body["safety_identifier"]).encode()).hexdigest()


@violates("requests.user-field")
class WritesMetadataAsText(EditsRequests):
    """Metadata goes upstream as a text."""

    def edit(self, body: dict[str, Any]) -> None:
        if "metadata" in body:
            body["metadata"] = json.dumps(body["metadata"])
