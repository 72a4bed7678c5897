"""A provider's bytes, cut where the network happens to cut them."""

from collections.abc import AsyncIterator

from hopcheck import STREAMED, Events, Findings, Operation, Relay, Target, case, expect, reply

LETTERS = "\u00e4\u20ac\U0001f600z"
"""Two, three, four and one byte."""

LONG = tuple(LETTERS * 1_000 + "z" * shift for shift in range(3))
"""Three events of 10 KB, so that a buffer of any usual size ends within a character."""

MANY = [f"{number} " for number in range(60)]


@case(
    "stream.utf8-split",
    level="MUST",
    on=STREAMED,
    refs=["aisix#111", "claude-code-router#1672", "lobehub#18640"],
    upstream={
        "": reply.stream(LETTERS, f"{LETTERS}!", split_characters=True),
        "long": reply.stream(*LONG, join_events=True),
    },
)
async def utf8_split(target: Target, ask: Operation) -> Findings:
    """Characters whose bytes the provider sends one by one arrive whole, and so do those of a long write."""
    yield expect("text", (await ask.stream()).content, equals=f"{LETTERS}{LETTERS}!")
    long = (await ask.stream(script="long")).content
    yield expect("characters of a long write", sum(map(str(long).count, LETTERS)), equals=sum(map(len, LONG)))


@utf8_split.mutant(killed_by="text", trips=("stream.frame-split",))
class DecodesEachRead(Relay):
    """Each read is decoded by itself, and half a character becomes a question mark."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(data.decode("utf-8", "replace").encode() async for data in body)


@utf8_split.mutant(killed_by="characters of a long write", trips=("stream.long-event", "responses.calls"))
class DecodesBlocks(Relay):
    """Of a long read, each 4,096 bytes are decoded by themselves."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(_decoded_in_blocks(data) async for data in body)


def _decoded_in_blocks(data: bytes) -> bytes:
    blocks = [data[place : place + 4096] for place in range(0, len(data), 4096)]
    return b"".join(block.decode("utf-8", "replace").encode() for block in blocks) if blocks[1:] else data


SPLITS = {
    "bytes": reply.stream("Hel", "lo", split_at=range(1, 40)),
    "pieces": reply.stream("Hel", "lo", split_every=37),
    "blank-lines": reply.stream(*"Hello", split_blank_lines=True),
    "blank-lines-crlf": reply.stream(*"Hello", split_blank_lines=True, line_end="\r\n"),
}
"""Where reads end: anywhere, or between two events, so that the next read begins with the rest of a blank line."""


@case(
    "stream.frame-split",
    level="MUST",
    on=STREAMED,
    refs=["WHATWG 9.2.6", "Supercompress#129"],
    upstream={**SPLITS, "joined": reply.stream(*MANY, join_events=True)},
)
async def frame_split(target: Target, ask: Operation) -> Findings:
    """Events arrive whole, whether the provider's come byte by byte, in odd pieces, cut in blank lines, or at once."""
    answers = {script: await ask.stream(script=script) for script in SPLITS}
    split = {script: (answer.content, answer.clean) for script, answer in answers.items()}
    yield expect("split answers", split, equals=dict.fromkeys(SPLITS, ("Hello", True)))
    joined = await ask.stream(script="joined")
    yield expect("answer in one write", [joined.content, joined.clean], equals=["".join(MANY), True])


@frame_split.mutant(
    killed_by="split answers", trips=("stream.*", "http.*", "messages.*", "timeout.*", "tools.*", "responses.calls")
)
class TakesReadsForEvents(Relay):
    """Each read is taken for whole events, and one that doesn't end as an event does is lost."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(data async for data in body if data.endswith((b"\n\n", b"\r\n\r\n")))


@frame_split.mutant(killed_by="split answers", trips=("stream.utf8-split",))
class TrimsReads(Relay):
    """Line ends at the beginning of a read are taken off, and with them the rest of a blank line."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(data.lstrip(b"\r\n") async for data in body)


@frame_split.mutant(killed_by="answer in one write", trips=("stream.long",))
class ForgetsTheRest(Relay):
    """Of one read, 48 events are taken, and the rest is lost."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(_beginning(data) async for data in body)


def _beginning(data: bytes) -> bytes:
    blocks = data.split(b"\n\n")
    return data if len(blocks) <= 48 else b"\n\n".join([*blocks[:48], b""])
