"""Mutants of the cases about messages on their way to the provider."""

from typing import Any

from hopcheck import OutgoingRequest, Relay, edits
from hopcheck.selftest.independent import violates

Message = dict[str, Any]


class EditsMessages(Relay):
    """Base of those that change messages of a request."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, self.edited)

    def edited(self, messages: Any) -> Any:
        """Return what is sent in their place."""
        for message in messages:
            self.edit(message)
        return messages

    def edit(self, message: Message) -> None:
        """Change one."""


def parts(message: Message) -> list[dict[str, Any]]:
    """The parts of a message; none for a text."""
    return message["content"] if isinstance(message.get("content"), list) else []


@violates("requests.audio-file-parts")
class ForgetsFileNames(EditsMessages):
    """A file goes upstream without its name."""

    def edit(self, message: Message) -> None:
        for part in parts(message):
            part.get("file", {}).pop("filename", None)


@violates("requests.audio-file-parts")
class TakesAudioForWav(EditsMessages):
    """All audio is declared to be WAV."""

    def edit(self, message: Message) -> None:
        for part in parts(message):
            if "input_audio" in part:
                part["input_audio"]["format"] = "wav"


@violates("requests.history-forms")
class ForgetsLongCaching(EditsMessages):
    """A mark for the prompt cache loses how long it holds."""

    def edit(self, message: Message) -> None:
        for part in [message, *parts(message)]:
            if isinstance(part.get("cache_control"), dict):
                part["cache_control"].pop("ttl", None)


@violates("requests.history-forms")
class JoinsResultParts(EditsMessages):
    """A tool's result in parts is joined to one text."""

    def edit(self, message: Message) -> None:
        if message["role"] == "tool" and parts(message):
            message["content"] = "".join(part.get("text", "") for part in parts(message))


@violates("requests.history-forms")
class ForgetsReasoning(EditsMessages):
    """The reasoning of an earlier answer is left out if that answer called tools."""

    def edit(self, message: Message) -> None:
        if message.get("tool_calls"):
            message.pop("reasoning_content", None)


@violates("requests.history-forms")
class ForgetsSignatures(EditsMessages):
    """Of a call, only id, type and function go upstream."""

    def edit(self, message: Message) -> None:
        known = ("id", "type", "function", "custom")
        for call in message.get("tool_calls") or []:
            for name in [name for name in call if name not in known]:
                del call[name]


@violates("requests.image-parts")
class PutsImagesFirst(EditsMessages):
    """The images of a message go in front of its text."""

    def edit(self, message: Message) -> None:
        parts(message).sort(key=lambda part: part.get("type") != "image_url")


@violates("requests.image-parts")
class ForgetsDetails(EditsMessages):
    """The detail of an image is left out if it is `low`."""

    def edit(self, message: Message) -> None:
        for part in parts(message):
            image = part.get("image_url") or {}
            if image.get("detail") == "low":
                del image["detail"]


@violates("requests.image-parts")
class TakesDataForPng(EditsMessages):
    """Images in the request itself are declared to be PNG."""

    def edit(self, message: Message) -> None:
        for part in parts(message):
            image = part.get("image_url") or {}
            if image.get("url", "").startswith("data:"):
                image["url"] = "data:image/png" + image["url"][image["url"].index(";") :]


@violates("requests.long-history")
class KeepsTheLatest(EditsMessages):
    """Of more than 64 messages, the first one and the last 63 go upstream."""

    def edited(self, messages: Any) -> Any:
        return messages if len(messages) <= 64 else [messages[0], *messages[-63:]]


@violates("requests.long-history")
class ShortensLongMessages(EditsMessages):
    """A message of more than 128 KiB goes upstream without its middle."""

    def edit(self, message: Message) -> None:
        text = message.get("content")
        if isinstance(text, str) and len(text) > 131072:
            message["content"] = text[:65536] + text[-65536:]


@violates("requests.messages-verbatim")
class JoinsMessagesOfOneRole(EditsMessages):
    """Messages of the same role in a row are joined to one."""

    def edited(self, messages: Any) -> Any:
        joined: list[Message] = []
        for message in messages:
            texts = joined and isinstance(joined[-1].get("content"), str) and isinstance(message.get("content"), str)
            if texts and joined[-1]["role"] == message["role"] and message["role"] in ("user", "assistant", "system"):
                joined[-1]["content"] += "\n" + message["content"]
            else:
                joined.append(message)
        return joined


@violates("requests.messages-verbatim")
class WritesSystemForDeveloper(EditsMessages):
    """The role `developer` becomes `system`."""

    def edit(self, message: Message) -> None:
        if message["role"] == "developer":
            message["role"] = "system"


@violates("requests.messages-verbatim")
class LeavesEmptyPartsOut(EditsMessages):
    """A part with an empty text is left out."""

    def edit(self, message: Message) -> None:
        if parts(message):
            message["content"] = [part for part in message["content"] if part.get("text", "x")]


@violates("requests.no-internal-params")
class AddsParsedArguments(EditsMessages):
    """Calls in the history have their arguments in a parsed form, too."""

    def edit(self, message: Message) -> None:
        for call in message.get("tool_calls") or []:
            call["function"]["parsed_arguments"] = None


@violates("requests.no-internal-params")
class StampsAssistants(EditsMessages):
    """Messages of the assistant have the time at which they arrived."""

    def edit(self, message: Message) -> None:
        if message["role"] == "assistant":
            message["timestamp"] = 1_700_000_000


@violates("requests.no-internal-params")
class SendsAnEmptyBody(Relay):
    """An empty `extra_body` goes upstream with requests that have a temperature."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "extra_body": {}})


@violates("tools.arguments-bytes")
class TidiesArgumentsOfTheHistory(EditsMessages):
    """The arguments of calls in the history go upstream without spaces."""

    def edit(self, message: Message) -> None:
        for call in message.get("tool_calls") or []:
            call["function"]["arguments"] = call["function"]["arguments"].replace(": ", ":")


@violates("tools.result-turn")
class SortsResults(EditsMessages):
    """Results of tools in a row go upstream in the opposite order."""

    def edited(self, messages: Any) -> Any:
        places = [place for place, message in enumerate(messages) if message["role"] == "tool"]
        turned = [messages[place] for place in reversed(places)]
        for place, message in zip(places, turned, strict=True):
            messages[place] = message
        return messages


@violates("tools.result-turn")
class FillsEmptyResults(EditsMessages):
    """A tool's empty result becomes a remark that there is none."""

    def edit(self, message: Message) -> None:
        if message["role"] == "tool" and message.get("content") == "":
            message["content"] = "(no output)"
