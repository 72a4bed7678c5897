"""Mutants of the cases about what a response of OpenAI's Responses has, and how it ends."""

from typing import Any

from hopcheck import EditsObjects, Failure, IncomingRequest, Relay, RelayedResponse, dig, edits, refuse
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


def is_response(content: Json) -> bool:
    """Whether an object is a whole response."""
    return content.get("object") == "response"


@violates("responses.annotations")
class ShortensTitles(EditsObjects):
    """The titles of sources are cut."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "url_citation":
            content["title"] = content["title"][:1]


@violates("responses.background")
class RefusesToWait(Relay):
    """A response that isn't complete is a failure of the provider's."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if dig(response.json, "status") == "queued":
            return refuse(response.incoming, 502, "The provider gave no response.")
        return response


@violates("responses.calls")
class ReversesItems(EditsObjects):
    """The final output has the last call first."""

    def edit(self, content: Json) -> None:
        if is_response(content):
            content["output"] = content["output"][::-1]
        if content.get("type") == "response.output_item.done":
            content["item"]["name"] = content["item"].get("name", "")[::-1]


@violates("responses.content-exact")
class DropsLineSeparators(EditsObjects):
    """Separators of lines are spaces."""

    def edit(self, content: Json) -> None:
        edits.text(content, lambda text: text.replace("\u2028", " "))


@violates("responses.echoed-fields")
class ServesByDefault(EditsObjects):
    """Every response was served on the default tier."""

    def edit(self, content: Json) -> None:
        if is_response(content):
            content["service_tier"] = "default"


@violates("responses.empty-output")
class CallsItIncomplete(EditsObjects):
    """A response without output isn't complete."""

    def edit(self, content: Json) -> None:
        if is_response(content) and not content["output"] and content["status"] == "completed":
            content["status"] = "incomplete"


@violates("responses.failed")
class CompletesFailures(EditsObjects):
    """A response that failed is complete, and has a text that says what went wrong."""

    def edit(self, content: Json) -> None:
        if is_response(content) and content["status"] == "failed":
            text = {"type": "output_text", "text": "Sorry.", "annotations": []}
            message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
            content.update(status="completed", error=None, output=[message])


@violates("responses.incomplete")
class FailsWhatIsFiltered(EditsObjects):
    """A response that was filtered has no reason."""

    def edit(self, content: Json) -> None:
        if dig(content, "incomplete_details", "reason") == "content_filter":
            content["incomplete_details"] = None


@violates("responses.other-items")
class CallsFunctionsOnly(EditsObjects):
    """A call of a custom tool is one of a function."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "custom_tool_call":
            content.update(type="function_call", arguments=content.pop("input"))


@violates("responses.reasoning")
class EncodesSecretsAgain(EditsObjects):
    """Encrypted content is made safe for addresses."""

    def edit(self, content: Json) -> None:
        if content.get("encrypted_content"):
            content["encrypted_content"] = content["encrypted_content"].replace("+", "-").replace("/", "_")


@violates("responses.refusal")
class RefusesWordlessly(EditsObjects):
    """A refusal has no words."""

    def edit(self, content: Json) -> None:
        if "refusal" in content:
            content["refusal"] = ""


@violates("responses.usage")
class AddsUpAnew(EditsObjects):
    """The total is made anew, without what was cached."""

    def edit(self, content: Json) -> None:
        if "total_tokens" in content:
            cached = dig(content, "input_tokens_details", "cached_tokens") or 0
            content["total_tokens"] = content["input_tokens"] + content["output_tokens"] - cached


@violates("responses.usage")
class CallsEveryTokenCached(EditsObjects):
    """What was cached is what was read."""

    def edit(self, content: Json) -> None:
        if "cached_tokens" in content:
            content["cached_tokens"] += 1


@violates("responses.own-errors")
class BlamesTheProvider(Relay):
    """An unknown model is a failure of the provider's."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        is_unknown = refusal is not None and refusal.status == 404 and bool(incoming.model)
        return refuse(incoming, 503, "No such model.") if is_unknown else refusal


@violates("responses.provider-errors")
class CallsQuotaATimeout(Relay):
    """A quota that is used up is a timeout, which clients try again."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 504 if failure.status == 429 else response.status
        return response


@violates("responses.stored")
class DeletesNothing(Relay):
    """To forget a response isn't the provider's business; the gateway says that it was done."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.method != "DELETE":
            return await super().check(incoming)
        head = [("Content-Type", "application/json")]
        return RelayedResponse(incoming, 200, head).with_json({"id": "resp_1", "deleted": True})
