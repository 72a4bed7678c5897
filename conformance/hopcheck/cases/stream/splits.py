"""A provider's bytes, cut where the network happens to cut them."""

from collections.abc import AsyncIterator

from hopcheck import Events, Findings, Relay, Target, case, expect, reply

LETTERS = "\u00e4\u20ac\U0001f600z"
"""Two, three, four and one byte."""

MANY = [f"{number} " for number in range(60)]


@case(
    "stream.utf8-split",
    level="MUST",
    refs=["aisix#111", "claude-code-router#1672", "lobehub#18640"],
    upstream=reply.stream(LETTERS, f"{LETTERS}!", split_characters=True),
)
async def utf8_split(target: Target) -> Findings:
    """Characters whose bytes the provider sends one by one arrive whole."""
    yield expect("text", (await target.chat.stream()).joined(), equals=f"{LETTERS}{LETTERS}!")


@utf8_split.mutant(killed_by="text", trips=("stream.frame-split",))
class DecodesEachRead(Relay):
    """Each read is decoded by itself, and half a character becomes a question mark."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(data.decode("utf-8", "replace").encode() async for data in body)


@case(
    "stream.frame-split",
    level="MUST",
    refs=["WHATWG 9.2.6", "Supercompress#129"],
    upstream={
        "bytes": reply.stream("Hel", "lo", split_at=range(1, 80)),
        "pieces": reply.stream("Hel", "lo", split_every=37),
        "joined": reply.stream(*MANY, join_events=True),
    },
)
async def frame_split(target: Target) -> Findings:
    """Events arrive whole, whether the provider's first come byte by byte, all in odd pieces, or all in one write."""
    whole = {"text": "Hello", "finish": "stop", "done": True}
    split = {script: (await target.chat.stream(script=script)).summary for script in ("bytes", "pieces")}
    yield expect("split answers", split, equals={"bytes": whole, "pieces": whole})
    joined = (await target.chat.stream(script="joined")).summary
    yield expect("answer in one write", joined, equals={**whole, "text": "".join(MANY)})


@frame_split.mutant(killed_by="split answers", trips=("stream.utf8-split", "stream.long"))
class TakesReadsForEvents(Relay):
    """Each read is taken for whole events, and one that doesn't end as an event does is lost."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(data async for data in body if data.endswith((b"\n\n", b"\r\n\r\n")))


@frame_split.mutant(killed_by="answer in one write", trips=("stream.long",))
class ForgetsTheRest(Relay):
    """Of one read, 48 events are taken, and the rest is lost."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(_beginning(data) async for data in body)


def _beginning(data: bytes) -> bytes:
    blocks = data.split(b"\n\n")
    return data if len(blocks) <= 48 else b"\n\n".join([*blocks[:48], b""])
