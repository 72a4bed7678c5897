"""The fifth relay's faults: what a request's content does to it on the way to the provider."""

from __future__ import annotations

import json
from typing import Any

from hopcheck import OutgoingRequest, Relay
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, Json, mapped, objects, texts

FAULTS = Faults()


class EditsRequests(Relay):
    """Base of those that change a request's body."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Change it, if there is anything to change."""
        outgoing = await super().request(outgoing)
        before, after = outgoing.json, outgoing.json
        self.edit(after, outgoing)
        return outgoing if before == after else outgoing.with_json(after)

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Change the body in place."""


@FAULTS.fault(r"^requests\.messages-verbatim\[.*: messages")
class UnifiesLineEndsOfQuestions(EditsRequests):
    """CRLF in a question becomes LF."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Change it."""
        super().edit(body, outgoing)
        for message in body.get("messages") or ():
            if isinstance(message.get("content"), str):
                message["content"] = message["content"].replace("\r\n", "\n")


@FAULTS.fault(r"^embeddings\.many-inputs\[embeddings\]: their texts|^request-fidelity\[embeddings\]: input")
class EmbedsOneLine(EditsRequests):
    """Line ends in a text to embed become spaces, as old advice has it."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Change them."""
        super().edit(body, outgoing)
        if outgoing.incoming.path == EMBEDDINGS:
            body["input"] = mapped(body.get("input"), texts(lambda text: text.replace("\n", " ")))


@FAULTS.fault(r"^requests\.sampling-params|^request-fidelity\[.*: temperature")
class ClampsTemperatures(EditsRequests):
    """A temperature above 1 goes upstream as 1, which another provider's API allows at most."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Clamp it."""
        super().edit(body, outgoing)
        if isinstance(body.get("temperature"), (int, float)) and body["temperature"] > 1:
            body["temperature"] = 1


@FAULTS.fault(r"^requests\.sampling-params|^request-fidelity\[.*: stop\[\]")
class StripsStops(EditsRequests):
    """White space is stripped from stop sequences, and those that are nothing else are left out."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Strip them."""
        super().edit(body, outgoing)
        if isinstance(body.get("stop"), list):
            body["stop"] = [text.strip() for text in body["stop"] if text.strip()]
        elif isinstance(body.get("stop"), str) and body["stop"] != body["stop"].strip():
            body["stop"] = body["stop"].strip() or None


@FAULTS.fault(r"^requests\.many-tools|: tools\[\]\.function\.description")
class ShortensDescriptions(EditsRequests):
    """A function's description has at most 1,024 characters."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Cut it."""
        super().edit(body, outgoing)
        for tool in body.get("tools") or ():
            function = tool.get("function") or tool
            if len(function.get("description") or "") > 1024:
                function["description"] = function["description"][:1024]


@FAULTS.fault(r"^tools\.strict-schema")
class PrunesNulls(EditsRequests):
    """A default of null in a schema, and null among an enum's values, are left out."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Leave them out."""
        super().edit(body, outgoing)
        for one in objects([body.get("tools"), body.get("response_format")]):
            if "default" in one and one["default"] is None:
                del one["default"]
            if isinstance(one.get("enum"), list):
                one["enum"] = [value for value in one["enum"] if value is not None]


@FAULTS.fault(r"^request-fidelity\[.*: messages\[\] is missing")
class MergesQuestions(EditsRequests):
    """Two questions of the user in a row become one, since another provider wants roles to alternate."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Merge them."""
        super().edit(body, outgoing)
        merged: list[Json] = []
        for message in body.get("messages") or ():
            plain = message.get("role") == "user" and isinstance(message.get("content"), str)
            before = merged[-1] if merged else {}
            if plain and before.get("role") == "user" and isinstance(before.get("content"), str):
                before["content"] += "\n" + message["content"]
            else:
                merged.append(message)
        if "messages" in body:
            body["messages"] = merged


@FAULTS.fault(r"^requests\.messages-verbatim\[.*: developer role")
class KnowsNoDevelopers(EditsRequests):
    """The role `developer` becomes `system`."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Change it."""
        super().edit(body, outgoing)
        for message in body.get("messages") or ():
            if message.get("role") == "developer":
                message["role"] = "system"


@FAULTS.fault(r"^tools\.result-turn")
class NormalizesResultsOfTools(EditsRequests):
    """The result of a tool, if it is JSON, is written compactly."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Write it anew."""
        super().edit(body, outgoing)
        for message in body.get("messages") or ():
            content = message.get("content")
            if message.get("role") == "tool" and isinstance(content, str) and content[:1] in "[{":
                try:
                    message["content"] = json.dumps(json.loads(content), separators=(",", ":"))
                except ValueError:
                    continue


@FAULTS.fault(r"^requests\.image-parts")
class StripsPadding(EditsRequests):
    """The padding at the end of an image in base64 is left out."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Strip it."""
        super().edit(body, outgoing)
        for one in objects(body.get("messages")):
            url = one.get("url")
            if isinstance(url, str) and url.startswith("data:"):
                one["url"] = url.rstrip("=")


@FAULTS.fault(r"^requests\.numbers")
class RoundsSchemas(EditsRequests):
    """An integer beyond 2^53 in the schema of a response format is rounded, as in JavaScript."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Round it."""
        super().edit(body, outgoing)
        if "response_format" in body:
            body["response_format"] = mapped(body["response_format"], self._rounded)

    def _rounded(self, value: Any) -> Any:
        is_big = isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53
        return int(float(value)) if is_big else value


@FAULTS.fault(r": logit_bias is changed")
class DropsZeroBias(EditsRequests):
    """A bias of 0 for a token isn't sent on."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Leave it out."""
        super().edit(body, outgoing)
        if isinstance(body.get("logit_bias"), dict):
            body["logit_bias"] = {token: bias for token, bias in body["logit_bias"].items() if bias}
