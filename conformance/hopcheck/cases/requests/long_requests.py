"""Long conversations, as agents send them."""

from typing import Any

from hopcheck import (
    GENERATING,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
)

HISTORY = [
    {"role": ("user", "assistant")[place % 2], "content": f"This is message {place} of the conversation."}
    for place in range(100)
] + [{"role": "user", "content": "And now?"}]

PAGE = "A line of a long document, with an end that shows.\n" * 4000
"""200 KB of text."""


@case(
    "requests.long-history",
    level="MUST",
    on=GENERATING,
    refs=["OAI CreateChatCompletionRequest", "litellm#15399"],
    needs=["two_sided"],
)
async def long_history(target: Target, ask: Operation) -> Findings:
    """A conversation of a hundred messages, and a message of 200 KB, reach the upstream whole."""
    got = await target.openai_form(await ask(messages=HISTORY))
    texts = [text_of(one) for one in items(got, "messages") or items(got, "input")]
    yield expect("messages", len(texts), equals=len(HISTORY))
    others = [place for place, one in enumerate(HISTORY[:-1]) if texts[place : place + 1] != [one["content"]]]
    yield expect("messages with another text, or in another place", others, equals=[])
    page = await ask(messages=[{"role": "user", "content": PAGE}])
    arrived = await target.openai_form(page)
    text = "".join(text_of(one) for one in items(arrived, "messages") or items(arrived, "input"))
    yield expect("200 KB of text", len(text), holds=text.startswith(PAGE.rstrip()), to="all of it")


def text_of(message: Any) -> str:
    """A message's text, whether it is written as a text or as a list of parts."""
    content = dig(message, "content")
    return content if isinstance(content, str) else "".join(str(dig(part, "text")) for part in items(content))


@long_history.mutant(killed_by="messages", trips=("sessions.*",))
class KeepsTwenty(Relay):
    """Of a conversation, the first message and the last nineteen are kept, to save tokens."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, lambda messages: [*messages[:1], *messages[1:][-19:]])


@long_history.mutant(killed_by="messages with another text, or in another place", trips=("sessions.*",))
class SummarizesTheOldest(Relay):
    """In a long conversation, the text of the oldest messages is replaced."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def shorten(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            old = len(messages) - 50
            return [{**one, "content": "…"} if place < old else one for place, one in enumerate(messages)]

        return edits.conversation(outgoing, shorten)


@long_history.mutant(killed_by="200 KB of text", trips=("chat.large-request", "sessions.large-history"))
class CutsLongTexts(Relay):
    """A text is cut at 128 KiB."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def cut(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{**one, "content": f"{one['content'][:131072]} {one['content'][-80:]}"} for one in messages]

        return edits.conversation(outgoing, cut) if len(outgoing.body) > 150_000 else outgoing
