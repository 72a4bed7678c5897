"""Mutants of the cases about a request's fields on their way to the provider."""

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

from hopcheck import Events, OutgoingRequest, Relay, edits, incoming
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


@violates("requests.reasoning-effort")
class KnowsThreeEfforts(EditsRequests):
    """An effort other than low, medium and high is dropped."""

    def edit(self, body: dict[str, Any]) -> None:
        if body.get("reasoning_effort") not in ("low", "medium", "high"):
            body.pop("reasoning_effort", None)


@violates("requests.response-format")
class ForgetsFormatDescriptions(EditsRequests):
    """A schema's description isn't sent with it."""

    def edit(self, body: dict[str, Any]) -> None:
        (body.get("response_format") or {}).get("json_schema", {}).pop("description", None)


@violates("requests.response-format")
class OpensSchemas(EditsRequests):
    """Objects within a schema are no longer closed."""

    def edit(self, body: dict[str, Any]) -> None:
        schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema") or {}
        self.open(schema.get("properties"))
        self.open(schema.get("$defs"))

    def open(self, value: Any) -> None:
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            if isinstance(one, dict):
                one.pop("additionalProperties", None)
            self.open(one)


@violates("requests.sampling-params")
class KeepsCool(EditsRequests):
    """A temperature above one is one, the most that another provider allows."""

    def edit(self, body: dict[str, Any]) -> None:
        if (body.get("temperature") or 0) > 1:
            body["temperature"] = 1


@violates("requests.sampling-params")
class PunishesOnly(EditsRequests):
    """A penalty below zero is zero."""

    def edit(self, body: dict[str, Any]) -> None:
        for name in ("presence_penalty", "frequency_penalty"):
            if (body.get(name) or 0) < 0:
                body[name] = 0


@violates("requests.sampling-params")
class DropsFalse(EditsRequests):
    """A field that is false is left out."""

    def edit(self, body: dict[str, Any]) -> None:
        for name in [name for name, value in body.items() if value is False and name != "stream"]:
            del body[name]


@violates("requests.single-attempt")
class MirrorsTraffic(Relay):
    """Every request is sent once more a little later, to compare two versions of the provider."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        asyncio.ensure_future(self._mirror(outgoing))  # noqa: RUF006
        return outgoing

    async def _mirror(self, outgoing: OutgoingRequest) -> None:
        await asyncio.sleep(0.05)
        await self._provider.attempt(outgoing, self.config.timeout_s)


@violates("requests.stream-flag", everywhere=True)
class AlwaysCountsUpstream(EditsRequests):
    """A stream's `include_usage` goes upstream as true, whatever the client said."""

    def edit(self, body: dict[str, Any]) -> None:
        if body.get("stream_options"):
            body["stream_options"]["include_usage"] = True


@violates("requests.stream-flag")
class AlwaysSaysStream(EditsRequests):
    """A request for an answer in one piece goes upstream with options for streams."""

    def edit(self, body: dict[str, Any]) -> None:
        body.setdefault("stream_options", {"include_usage": True})


@violates("requests.unknown-params")
class ForwardsScalarsOnly(EditsRequests):
    """An unknown field that is an object or a list is dropped."""

    def edit(self, body: dict[str, Any]) -> None:
        known = ("messages", "tools", "tool_choice", "stream_options", "response_format", "metadata", "stop")
        for name in [name for name, one in body.items() if isinstance(one, (dict, list)) and name not in known]:
            del body[name]


@violates("requests.unknown-params")
class ForwardsKnownPrefixes(EditsRequests):
    """An unknown field is forwarded if its name begins with `x_`."""

    def edit(self, body: dict[str, Any]) -> None:
        for name in ("top_k", "min_p", "repetition_penalty", "guided_json", "chat_template_kwargs", "provider"):
            body.pop(name, None)


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


@violates("stream.usage-not-asked")
class CountsThoughTold(Relay):
    """A stream with `include_usage: false` has a chunk with counts."""

    def events(self, events: Events) -> Events:
        options = (incoming().json or {}).get("stream_options") or {}
        if options.get("include_usage") is not False:
            return super().events(events)
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return edits.add_before_done(events, lambda last: {**last, "choices": [], "usage": usage})
