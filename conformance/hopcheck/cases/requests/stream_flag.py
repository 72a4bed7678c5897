"""Whether a stream is asked for upstream."""

from hopcheck import OMIT, Findings, OutgoingRequest, Relay, Target, case, dig, edits, expect


@case(
    "requests.stream-flag",
    level="SHOULD",
    because="it asks in one piece and as a stream",
    refs=["OAI ChatCompletionStreamOptions", "litellm#35290"],
    needs=["two_sided"],
)
async def stream_flag(target: Target) -> Findings:
    """A stream is asked for upstream if the client asks for one, with its stream_options, or if it is put together."""
    options = [{"include_usage": True}, {"include_usage": False}, {"include_usage": True, "include_obfuscation": False}]
    streamed = [await target.openai_form(await target.chat.stream(stream_options=one)) for one in options]
    answers = [await target.chat.create(stream=asked) for asked in (OMIT, False)]
    whole = [await target.openai_form(answer) for answer in answers]
    yield expect("stream", [dig(one, "stream") for one in streamed], equals=[True] * 3)
    if not target.translates:  # other dialects have no such options
        yield expect("stream_options", [dig(one, "stream_options") for one in streamed], equals=options)
    flags = [dig(body, "stream") or False for body in whole]
    unread = [flag for flag, answer in zip(flags, answers, strict=True) if answer.content is None]
    yield expect("stream where none was asked for", unread, equals=[False] * len(unread))
    unasked = [dig(body, "stream_options") for body, flag in zip(whole, flags, strict=True) if not flag]
    yield expect("stream_options where no stream was asked for", unasked, equals=[None] * len(unasked))


@stream_flag.mutant(killed_by="stream", trips=("stream.*", "fallback.stream-pre-first"))
class UsageInOnePiece(Relay):
    """A stream with usage is asked for in one piece, since that has usage anyway."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.without_fields(outgoing, "stream") if outgoing.json.get("stream_options") else outgoing


@stream_flag.mutant(killed_by="stream_options", trips=("stream.*", "fallback.stream-pre-first"))
class NoStreamOptions(edits.DropsFields):
    """stream_options are dropped as unknown."""

    fields = ("stream_options",)


@stream_flag.mutant(killed_by="stream where none was asked for")
class PresenceIsTrue(Relay):
    """`stream: false` is taken for a wish to stream, because the field is there."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "stream", lambda _: True)


@stream_flag.mutant(killed_by="contract.upstream-request")
class SaysStoreInWords(Relay):
    """A request that doesn't say whether it is to be stored says "no", where the API has true or false."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({"store": "no", **outgoing.json})


@stream_flag.mutant(killed_by="stream_options where no stream was asked for", trips=("stream.usage-not-asked",))
class LeavesOptions(Relay):
    """Options for streams go upstream with every request."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({"stream_options": {"include_usage": True}, **outgoing.json})
