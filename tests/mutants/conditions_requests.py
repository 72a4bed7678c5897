"""Mutants whose fault in a request shows under one condition: next to another field, in one place, in one form."""

import unicodedata
from typing import Any

from hopcheck import OutgoingRequest, Relay
from hopcheck.authoring.edits.body_edits import walk
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


class EditsRequests(Relay):
    """Base of those that change a request's body in place."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        self.edit(body, outgoing)
        return outgoing if body == outgoing.json else outgoing.with_json(body)

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Change it."""


@violates("stream.n-choices")
@violates("requests.sampling-params", on="chat")
class BiasesOneChoice(EditsRequests):
    """With n above one, logit_bias isn't sent."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        if (body.get("n") or 1) > 1:
            body.pop("logit_bias", None)


@violates("tools.result-turn")
class CutsResults(EditsRequests):
    """A tool's result is cut at 16,000 characters."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        for message in body.get("messages", ()):
            if message.get("role") == "tool" and isinstance(message.get("content"), str):
                message["content"] = message["content"][:16_000]


@violates("tools.roundtrip")
class NamesOneCall(EditsRequests):
    """parallel_tool_calls is dropped next to a tool_choice that names a function."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        if isinstance(body.get("tool_choice"), dict):
            body.pop("parallel_tool_calls", None)


@violates("messages.cache-control")
class CachesNoResults(EditsRequests):
    """A mark on a tool's result is dropped."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        walk(body, lambda one: one.get("type") == "tool_result" and one.pop("cache_control", None))


@violates("messages.cache-control")
class ForgetsLifetimes(EditsRequests):
    """How long something is to be cached isn't passed on."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        walk(body, lambda one: isinstance(one.get("cache_control"), dict) and one["cache_control"].pop("ttl", None))


@violates("responses.fields")
class SpeaksAtLength(EditsRequests):
    """How verbose a text is to be isn't passed on."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        if isinstance(body.get("text"), dict):
            body["text"].pop("verbosity", None)


@violates("responses.call-turn")
class JoinsOutputs(EditsRequests):
    """A call's output that is a list of parts becomes their text."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        for item in body["input"] if isinstance(body.get("input"), list) else ():
            if isinstance(item.get("output"), list):
                item["output"] = "".join(part.get("text", "") for part in item["output"])


@violates("embeddings.many-inputs")
class Trims(EditsRequests):
    """Of inputs, white space around each is taken off."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        if isinstance(body.get("input"), list):
            body["input"] = [one.strip() if isinstance(one, str) else one for one in body["input"]]


@violates("messages.parts")
class Composes(EditsRequests):
    """Letters and accents of texts in parts are put together."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        walk(body, lambda one: "text" in one and one.update(text=unicodedata.normalize("NFC", str(one["text"]))))


@violates("responses.input-parts")
class EndsLines(EditsRequests):
    """U+2028 and U+0085 in texts become line feeds."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        ends = str.maketrans({"\u2028": "\n", "\x85": "\n"})
        walk(body, lambda one: isinstance(one.get("text"), str) and one.update(text=one["text"].translate(ends)))
