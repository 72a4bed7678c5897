"""Mutants of the cases about how requests are translated."""

from typing import Any

from hopcheck import TranslatingRelay
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


class _EditsEach(TranslatingRelay):
    """Base of those that change messages one by one; None leaves one out."""

    def to_request(self, body: Json) -> Json:
        messages = [self.edit(dict(message), place) for place, message in enumerate(body["messages"])]
        return super().to_request({**body, "messages": [one for one in messages if one is not None]})

    def edit(self, message: Json, place: int) -> Json | None:
        return message


class _EditsBody(TranslatingRelay):
    """Base of those that change other fields of a request."""

    def to_request(self, body: Json) -> Json:
        return super().to_request({**body, **self.edit(body)})

    def edit(self, body: Json) -> Json:
        """The fields that are replaced."""
        return {}


@violates("translation.system-texts")
class KeepsOnePartOfSystems(_EditsEach):
    """Of a system text in parts, the first one is kept."""

    def edit(self, message: Json, place: int) -> Json | None:
        parts = message["content"]
        is_met = message["role"] in ("system", "developer") and isinstance(parts, list)
        return {**message, "content": parts[:1]} if is_met else message


@violates("translation.consecutive-turns")
class ForgetsItsOwnSecondTurn(_EditsEach):
    """What follows the model's own words and is the model's, too, is left out."""

    last = ""

    def edit(self, message: Json, place: int) -> Json | None:
        again = message["role"] == "assistant" and place > 0 and self.last == "assistant"
        self.last = message["role"]
        return None if again else message


@violates("translation.last-assistant-turn")
class MovesPrefillsToTheSystem(_EditsEach):
    """Words of the model's that come last are an instruction to go on with them."""

    def to_request(self, body: Json) -> Json:
        *before, last = body["messages"]
        moved = {"role": "system", "content": f"Go on with: {last['content']}"}
        return super().to_request({**body, "messages": [moved, *before]} if last["role"] == "assistant" else body)


@violates("translation.empty-contents")
class WritesNullForNothing(_EditsEach):
    """A model that had nothing to say is quoted with null."""

    def edit(self, message: Json, place: int) -> Json | None:
        is_empty = message["role"] == "assistant" and message["content"] == "" and not message.get("tool_calls")
        return {**message, "content": "null"} if is_empty else message


@violates("translation.data-images")
class SendsOneImageTwice(_EditsEach):
    """Every image of a message is its first."""

    def edit(self, message: Json, place: int) -> Json | None:
        if not isinstance(message["content"], list):
            return message
        first = next((part for part in message["content"] if part["type"] == "image_url"), None)
        return {**message, "content": [first if one["type"] == "image_url" else one for one in message["content"]]}


@violates("translation.tool-choice")
class NamesTheFirstTool(_EditsBody):
    """A named tool is the first of those that are offered."""

    providers = ("anthropic", "gemini")

    def edit(self, body: Json) -> Json:
        first = {"type": "function", "function": {"name": body["tools"][0]["function"]["name"]}}
        return {"tool_choice": first} if isinstance(body.get("tool_choice"), dict) else {}


@violates("translation.tool-choice-none")
class AllowsWhatIsForbidden(_EditsBody):
    """What isn't to be called may be."""

    def edit(self, body: Json) -> Json:
        return {"tool_choice": "auto"} if body.get("tool_choice") == "none" else {}


@violates("translation.results-by-call")
class GivesEveryCallOneResult(TranslatingRelay):
    """All results have the text of the last one."""

    def to_request(self, body: Json) -> Json:
        texts = [one["content"] for one in body["messages"] if one["role"] == "tool"]
        messages = [{**one, "content": texts[-1]} if one["role"] == "tool" else one for one in body["messages"]]
        return super().to_request({**body, "messages": messages})


@violates("translation.json-schema")
class KeepsSchemasShallow(_EditsBody):
    """Of a schema, properties that have parts are left out."""

    def edit(self, body: Json) -> Json:
        if "response_format" not in body:
            return {}
        schema = body["response_format"]["json_schema"]["schema"]
        flat = {name: one for name, one in schema["properties"].items() if "items" not in one}
        return {"response_format": {"type": "json_schema", "json_schema": {"schema": {**schema, "properties": flat}}}}


@violates("translation.max-tokens")
class RoundsLimitsUp(_EditsBody):
    """Limits are whole hundreds."""

    def edit(self, body: Json) -> Json:
        names = [name for name in ("max_tokens", "max_completion_tokens") if body.get(name)]
        return {name: -(-body[name] // 100) * 100 for name in names}


@violates("translation.stop-sequences")
class StopsAtTwo(_EditsBody):
    """Of more than two stop texts, two are passed on."""

    def edit(self, body: Json) -> Json:
        return {"stop": body["stop"][:2]} if isinstance(body.get("stop"), list) else {}


@violates("translation.signatures")
class CutsSignatures(_EditsEach):
    """Signatures are kept in a column of sixteen characters."""

    providers = ("anthropic", "gemini")

    def edit(self, message: Json, place: int) -> Json | None:
        for block in message.get("thinking_blocks") or ():
            block["signature"] = block["signature"][:16]
        for call in message.get("tool_calls") or ():
            if "extra_content" in call:
                call["extra_content"]["google"]["thought_signature"] = SHORT
        return message


SHORT = "c2lnbmVkLWJ5LXRo"


@violates("translation.image-addresses")
class EncodesAddresses(_EditsEach):
    """The address of an image is put in front of nothing, as its data."""

    def edit(self, message: Json, place: int) -> Json | None:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if part["type"] == "image_url" and not part["image_url"]["url"].startswith("data:"):
                part["image_url"] = {"url": f"data:;base64,{part['image_url']['url']}"}
        return message
