"""The text of a chat answer."""

from collections.abc import Callable
from functools import partial
from typing import Any
from unicodedata import normalize

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, function_tools, reply

TEXT = (
    "  kept spaces\n\n\tand \"quotes\" 'too' \\n \\ / </script> &amp; <b> data: [DONE]\r\n"
    "umlaut \u00e4 and a\u0308, \u4f60\u597d, \u05e9\u05dc\u05d5\u05dd \u202eRTL\u202c, "
    "\U0001f469\u200d\U0001f680 \U0001f1e9\U0001f1f0 \U00020000, line\u2028paragraph\u2029next\u0085, "
    "zero\u200bwidth, \ufeffmark, \u0001\u001b[0m\u007f, \ufb01 \u212b \ufffd  "
)
"""What gets lost when text is normalised, stripped, escaped twice, or taken for markup or for lines."""


def _change_text(message: dict[str, Any], change: Callable[[str], str]) -> None:
    if message["content"] is not None:
        message["content"] = change(message["content"])


@case("chat.content-exact", level="MUST", refs=["api7/aisix#111"], upstream=reply.chat(TEXT))
async def content_exact(target: Target) -> Findings:
    """The text of an answer reaches the client character for character."""
    answer = await target.chat.create()
    yield expect("text", dig(answer.message, "content"), equals=TEXT)


@content_exact.mutant(killed_by="text", trips=("chat.n-choices", "stream.nonstream-parity", "tools.text-and-call"))
class Strips(Relay):
    """The text loses the white space at its ends."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: _change_text(message, str.strip))


@content_exact.mutant(killed_by="text")
class Normalises(Relay):
    """The text is put into Unicode's composed form."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: _change_text(message, partial(normalize, "NFC")))


CALL = reply.call("look_up", '{"q":"x"}')


@content_exact.mutant(killed_by="contract.response", trips=("chat.schema",))
class NumbersTheFingerprint(Relay):
    """The `system_fingerprint` of a response is a number instead of a text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.setdefault("system_fingerprint", 7))


@case(
    "chat.content-null",
    level="MUST",
    needs=["null_content"],
    refs=["OAI ChatCompletionResponseMessage"],
    upstream=reply.chat(tools=[CALL]),
)
async def content_null(target: Target) -> Findings:
    """With tool calls, a `content` of null stays null: it becomes no empty text and no word, and isn't left out."""
    answer = await target.chat.create(tools=function_tools("look_up"))
    message = answer.message if isinstance(answer.message, dict) else {}
    yield expect("content", message.get("content", "left out"), equals=None)


@content_null.mutant(killed_by="content")
class SaysNothingInText(Relay):
    """Null becomes an empty text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message.update(content=message["content"] or ""))


@content_null.mutant(killed_by="content", trips=("tools.*",))
class LeavesOutNull(Relay):
    """A `content` of null is left out, though the API requires the field."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message["content"] is None and message.pop("content"))
