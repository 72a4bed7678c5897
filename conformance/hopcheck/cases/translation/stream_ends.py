"""How a provider's stream begins and ends, in its own dialect."""

from typing import Any

from hopcheck import Events, Failure, Findings, Target, TranslatingRelay, case, event_of, expect, reply

WORDS = ("Hel", "lo ", "there")


@case(
    "translation.early-comment",
    level="MUST",
    on="chat.stream",
    because="a comment is a part of a stream",
    needs=["translates"],
    refs=["HTML 9.2.6", "litellm#22019"],
    upstream=reply.stream(*WORDS, comment=True),
)
async def early_comment(target: Target) -> Findings:
    """A comment before a provider's first event, as proxies send it to keep a connection alive, costs no text."""
    stream = await target.chat.stream()
    wanted = {"text": "".join(WORDS), "finish": "stop", "done": True}
    yield expect("answer", stream.summary | {"status": stream.status}, equals=wanted | {"status": 200})


@early_comment.mutant(killed_by="answer")
class TakesCommentsForTheEnd(TranslatingRelay):
    """A block without data is taken for the end of the stream."""

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        async for event in super().to_chunks(_until_comment(events), model, include_usage=include_usage):
            yield event


async def _until_comment(events: Events) -> Events:
    async for event in events:
        if event.data is None:
            return
        yield event


@case(
    "translation.early-end",
    level="MUST",
    on="chat.stream",
    because="only a stream can end before its response does",
    needs=["translates"],
    refs=["anthropic: message_delta", "gemini: finishReason", "ollama: done", "litellm#40404"],
    upstream={"early": reply.stream(*WORDS, end_after_events=2), "whole": reply.stream(*WORDS)},
)
async def early_end(target: Target) -> Findings:
    """A provider's stream whose body ends before its response does shows as an error, and is given no finish reason."""
    whole, early = await target.chat.stream(script="whole"), await target.chat.stream(script="early")
    yield expect("whole stream", whole.clean, equals=True)
    await target.forwarded(early)
    yield expect("finish reasons made up", early.finishes(), equals=[])
    yield expect("shows that it isn't whole", early.shows_failure, equals=True)


@early_end.mutant(killed_by="finish reasons made up", trips=("translation.error-in-stream",))
class FinishesWhatEnds(TranslatingRelay):
    """Where the body ends, the response is over."""

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        try:
            async for event in super().to_chunks(events, model, include_usage=include_usage):
                yield event
        except Failure as failure:
            if failure.kind != "cut":
                raise
            yield event_of(reply.delta(finish="stop"))


@early_end.mutant(killed_by="shows that it isn't whole")
class EndsQuietly(TranslatingRelay):
    """The client's stream ends where the provider's does, without a word."""

    async def broken(self, failure: Failure) -> Events:
        async for event in super().broken(failure):
            if "ended before" not in failure.detail:
                yield event


@early_end.mutant(killed_by="whole stream", trips=("translation.*",))
class WaitsForOpenAIsEnd(TranslatingRelay):
    """Only a stream with a finish reason of OpenAI's own is whole."""

    def is_whole(self, writer: Any) -> bool:
        return False
