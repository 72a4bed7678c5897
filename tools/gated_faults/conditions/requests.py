"""A relay whose faults are in requests, next to other fields or at one place of a conversation."""

from __future__ import annotations

from typing import Any

from hopcheck import OutgoingRequest
from tools.gated_faults.conditions.edit_bases import EditsRequests
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import Json

FAULTS = Faults()


def parts_of(messages: Any) -> list[Json]:
    """All parts of all messages."""
    return [part for message in messages for part in message.get("content") or [] if isinstance(part, dict)]


@FAULTS.fault(r"^(requests\.image-parts|request-fidelity\[chat.*messages\[\]\.content)")
class KeepsImagesOfTheLastMessage(EditsRequests):
    """Only the images of the last message go upstream, since earlier ones have been seen."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Leave the others out."""
        for message in body.get("messages", [])[:-1]:
            if isinstance(message.get("content"), list):
                message["content"] = [one for one in message["content"] if one.get("type") != "image_url"]


@FAULTS.fault(r"request-fidelity.*top_p|^requests\.sampling-params")
class TakesTemperatureOrTopP(EditsRequests):
    """A `top_p` next to a temperature is dropped, since another provider allows one of them."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Drop it."""
        if "temperature" in body:
            body.pop("top_p", None)


@FAULTS.fault(r"request-fidelity.*response_format|^requests\.response-format")
class ForgetsFormatsOfToolRequests(EditsRequests):
    """The response's format is dropped where there are tools."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Drop it."""
        if body.get("tools"):
            body.pop("response_format", None)


@FAULTS.fault(r"request-fidelity.*stream_options|^requests\.stream-flag")
class AsksForNoUsageWithTools(EditsRequests):
    """A stream's options are dropped where there are tools."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Drop them."""
        if body.get("tools"):
            body.pop("stream_options", None)


@FAULTS.fault(r"^requests\.messages-verbatim|request-fidelity\[chat.*messages\[\]\.role")
class PutsSystemFirst(EditsRequests):
    """A system message that comes later in the conversation is moved to its beginning."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Sort the messages."""
        body.get("messages", []).sort(key=lambda message: message.get("role") not in ("system", "developer"))


@FAULTS.fault(r"request-fidelity.*tool_choice|^tools\.roundtrip")
class ChoosesTheOnlyTool(EditsRequests):
    """Where there is one tool only, the choice among tools is dropped."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Drop it."""
        if len(body.get("tools") or []) == 1:
            body.pop("tool_choice", None)


@FAULTS.fault(r"^tools\.result-turn")
class CutsLongResults(EditsRequests):
    """Of a tool's result, the first 16,000 characters go upstream."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Cut it."""
        for message in body.get("messages", []):
            if message.get("role") == "tool" and isinstance(message.get("content"), str):
                message["content"] = message["content"][:16_000]


@FAULTS.fault(r"dimensions")
class ForgetsDimensionsOfBase64(EditsRequests):
    """Where numbers are asked for in base64, the number of dimensions is dropped."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Drop it."""
        if body.get("encoding_format") == "base64":
            body.pop("dimensions", None)


@FAULTS.fault(r"^(embeddings\.|request-fidelity\[embeddings\]: input)")
class TrimsInputs(EditsRequests):
    """White space around the texts of a list of inputs is taken off."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Trim them."""
        if outgoing.path == "/embeddings" and isinstance(body.get("input"), list):
            body["input"] = [one.strip() if isinstance(one, str) else one for one in body["input"]]


@FAULTS.fault(r"^messages\.(fields|thinking)|request-fidelity\[messages.*(temperature|top_p)")
class ThinksAtOneTemperature(EditsRequests):
    """Where thinking is asked for, temperature and `top_p` are dropped."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Drop them."""
        if "thinking" in body:
            body.pop("temperature", None)
            body.pop("top_p", None)


@FAULTS.fault(r"^messages\.result-turn|request-fidelity\[messages.*content")
class NamesNoOutput(EditsRequests):
    """A tool's result without content goes upstream as a remark that there is none."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Add the remark."""
        for part in parts_of(body.get("messages", [])):
            if part.get("type") == "tool_result" and not part.get("content"):
                part["content"] = "(no output)"


@FAULTS.fault(r"request-fidelity\[responses.*reasoning|^responses\.fields")
class ThinksWithoutSummary(EditsRequests):
    """Of what is asked about reasoning, the effort goes upstream alone."""

    def edit_request(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Drop the rest."""
        if isinstance(body.get("reasoning"), dict) and "effort" in body["reasoning"]:
            body["reasoning"] = {"effort": body["reasoning"]["effort"]}
