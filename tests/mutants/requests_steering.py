"""Mutants of the cases about the fields that steer an answer."""

import asyncio
from typing import Any

from hopcheck import Events, OutgoingRequest, Relay, edits, incoming
from hopcheck.selftest.independent import violates

from .requests_fields import EditsRequests


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
    """A stream's `include_usage` goes upstream as true, whatever the client sent."""

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


@violates("stream.usage-not-asked")
class CountsThoughRefused(Relay):
    """A stream with `include_usage: false` has a chunk with counts."""

    def events(self, events: Events) -> Events:
        options = (incoming().json or {}).get("stream_options") or {}
        if options.get("include_usage") is not False:
            return super().events(events)
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return edits.add_before_done(events, lambda last: {**last, "choices": [], "usage": usage})
