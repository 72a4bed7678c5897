"""Errors within a stream, in the form of the provider's dialect."""

from collections.abc import Iterable

from hopcheck import Events, Findings, Piece, Target, TranslatingRelay, case, dig, edits, event_of, expect, reply

PARTIAL = reply.error_story(529, {"message": "The engine is overloaded."})


@case(
    "translation.error-in-stream",
    level="MUST",
    on="chat.stream",
    because="it is about an error after the beginning of a stream",
    needs=["translates"],
    refs=["anthropic: error events", "google.rpc.Status in a stream", "ollama: error lines", "litellm#32237"],
    upstream=reply.stream("Hel", "lo", failure=PARTIAL, pace_s=0.02),
)
async def error_in_stream(target: Target) -> Findings:
    """An error that a provider sends within a stream, in its dialect's form, is an error with the provider's words."""
    stream = await target.chat.stream()
    await target.forwarded(stream)
    yield expect("error", stream.error is not None or stream.ended != "complete", equals=True)
    yield expect("finish reasons", stream.finishes(), equals=[])
    yield expect("text before it", stream.joined(), equals="Hello", level="SHOULD")
    yield expect("provider's words", str(stream.error), contains=PARTIAL.message, level="SHOULD")
    blamed = [str(dig(stream.error, name)) for name in ("code", "status")]
    is_blamed = any(one.isdecimal() and 400 <= int(one) < 500 for one in blamed)
    yield expect("blame", blamed, holds=not is_blamed, to="no code of a client's mistake", level="SHOULD")


class EditsErrors(TranslatingRelay):
    """A piece that is an error is changed."""

    def instead(self, piece: Piece) -> Piece:
        """What stands in its place."""
        return piece

    def to_pieces(self, found: Iterable[Piece]) -> Iterable[Piece]:
        return [self.instead(piece) if piece.error else piece for piece in found]


@error_in_stream.mutant(killed_by="error", trips=("translation.malformed-call",))
class TakesErrorsForEnds(EditsErrors):
    """An object that has no content is the last one."""

    def instead(self, piece: Piece) -> Piece:
        return Piece(finish="stop", is_last=True)


@error_in_stream.mutant(killed_by="finish reasons", trips=("translation.early-end", "translation.malformed-call"))
class FinishesBeforeErrors(TranslatingRelay):
    """A choice is finished before its stream's error is passed on."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if isinstance(event.json, dict) and "error" in event.json:
                yield event_of(reply.delta(finish="stop"))
            yield event


@error_in_stream.mutant(killed_by="text before it")
class HoldsTheLastPiece(TranslatingRelay):
    """Each piece waits for the next one, and the last one is lost when that is an error."""

    async def events(self, events: Events) -> Events:
        held = None
        async for event in events:
            is_error = isinstance(event.json, dict) and "error" in event.json
            if held is not None and not is_error:
                yield held
            held = None if event.is_done or is_error or edits.chunk_of(event) is None else event
            if held is None:
                yield event


@error_in_stream.mutant(killed_by="provider's words")
class SaysThatItBroke(EditsErrors):
    """Every error within a stream is the gateway's own."""

    def instead(self, piece: Piece) -> Piece:
        return Piece(error={"error": {"message": "It broke.", "type": "server_error", "param": None, "code": None}})


@error_in_stream.mutant(killed_by="blame")
class BlamesTheClient(EditsErrors):
    """Every error within a stream is a bad request."""

    def instead(self, piece: Piece) -> Piece:
        return Piece(error={"error": {**(piece.error or {})["error"], "code": "400"}})
