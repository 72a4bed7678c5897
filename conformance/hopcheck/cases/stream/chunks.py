"""What every chunk of a chat stream says of itself."""

import time
import uuid

from hopcheck import Events, Findings, Relay, Target, case, contract_violations, edits, expect, reply

GREETING = reply.stream("Hel", "lo", " there")


@case("stream.chunk-schema", level="MUST", refs=["OAI CreateChatCompletionStreamResponse"], upstream=GREETING)
async def chunk_schema(target: Target) -> Findings:
    """Every event of a chat stream is a chunk with all required fields, each of its type."""
    stream = await target.chat.stream(stream_options={"include_usage": True})
    wrong = [complaint for piece in stream.objects for complaint in contract_violations("ChatCompletionChunk", piece)]
    yield expect("shapes", wrong[:8] if stream.objects else "no chunk came", equals=[])


@chunk_schema.mutant(killed_by="shapes")
class CallsThemCompletions(Relay):
    """The chunks of a stream say that they are whole answers."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(object="chat.completion"))


@chunk_schema.mutant(killed_by="shapes")
class NumbersItsConfigurations(Relay):
    """A chunk without a `system_fingerprint` is given one, which is a number instead of a text."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.setdefault("system_fingerprint", 7))


@case("stream.same-id", level="MUST", refs=["OAI: each chunk has the same ID", "litellm#12481"], upstream=GREETING)
async def same_id(target: Target) -> Findings:
    """All chunks of one answer have the same id and the same time of creation, and name the same model."""
    stream = await target.chat.stream(stream_options={"include_usage": True})
    ids, times, models = ({str(piece.get(key)) for piece in stream.pieces} for key in ("id", "created", "model"))
    yield expect("ids", sorted(ids), holds=len(ids) == 1, to="one for all chunks")
    yield expect("times of creation", sorted(times), holds=len(times) == 1, to="one for all chunks")
    yield expect("models", sorted(models), holds=len(models) == 1, to="one for all chunks", level="SHOULD")


@same_id.mutant(killed_by="ids", trips=("fallback.stream-pre-first",))
class FreshIds(Relay):
    """Every chunk is given an id of its own."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(id=f"chatcmpl-{uuid.uuid4().hex}"))


@same_id.mutant(killed_by="times of creation", trips=("stream.chunk-schema",))
class StampsEachChunk(Relay):
    """Every chunk is stamped with the time at which it passes."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(created=time.time()))


@same_id.mutant(killed_by="models")
class ForgetsTheModel(Relay):
    """Chunks with text name the provider's model, the others the one that was asked for."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: edits.text_of(chunk) and chunk.update(model="provider-model"))


@case("stream.role-first", level="SHOULD", refs=["OAI streaming examples"], upstream=GREETING)
async def role_first(target: Target) -> Findings:
    """The first delta says the role `assistant`, and no other does."""
    roles = [delta.get("role") for delta in (await target.chat.stream()).deltas()]
    yield expect("role of the first delta", roles[:1], equals=["assistant"])
    yield expect("deltas with a role", sum(role is not None for role in roles), equals=1)


@role_first.mutant(killed_by="role of the first delta")
class NeverSaysWho(Relay):
    """Deltas are rebuilt without their role."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice["delta"].pop("role", None))


@role_first.mutant(killed_by="deltas with a role")
class SaysWhoEachTime(Relay):
    """Every delta is given a role."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice["delta"].update(role="assistant"))


@role_first.mutant(killed_by="contract.event", trips=("stream.chunk-schema",))
class NumbersTheFingerprint(NumbersItsConfigurations):
    """The `system_fingerprint` of a chunk is a number instead of a text."""
