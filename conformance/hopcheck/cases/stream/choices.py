"""Several choices in one stream, and the fields of a choice other than its text."""

from typing import Any

from hopcheck import Events, Findings, OutgoingRequest, Relay, Target, case, edits, expect, function_tools, items, reply

TEXTS = (("One ", "first"), ("Two ", "second"), ("Three ", "third"))
ENDS = ("stop", "length", "content_filter")
NAMES = ("clock", "weather", "diary")
CALLING = [
    reply.choice(tool_calls=(reply.call(name, "{}", id=f"call_hop{place}"),), finish="tool_calls")
    for place, name in enumerate(NAMES)
]
LOGPROBS = [
    {"token": token, "logprob": logprob, "bytes": list(token.encode()), "top_logprobs": top}
    for token, logprob, top in (
        ("Hel", -0.0016, [{"token": "Hel", "logprob": -0.0016, "bytes": [72, 101, 108]}]),
        ("l\u00f6", -9999.0, []),
        ("!", 0.0, [{"token": "!", "logprob": 0.0, "bytes": [33]}]),
    )
]

_CHUNK = {"id": "chatcmpl-joined", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_TEXT = {"index": 0, "delta": {"role": "assistant", "content": "Hell\u00f6!"}, "finish_reason": None}
JOINED = {**_CHUNK, "choices": [{**_TEXT, "logprobs": {"content": LOGPROBS, "refusal": None}}]}
ENDING = {**_CHUNK, "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]}


@case(
    "stream.n-choices",
    level="MUST",
    needs=["choices"],
    refs=["OAI n", "litellm#15962"],
    upstream={
        "": reply.stream(
            choices=[reply.choice(*text, finish=end) for text, end in zip(TEXTS, ENDS, strict=True)], interleave=True
        ),
        "calls": reply.stream(choices=CALLING, interleave=True),
    },
)
async def n_choices(target: Target) -> Findings:
    """With `n`, each choice's deltas, calls and finish reason come under that choice's index."""
    stream = await target.chat.stream(n=3, stream_options={"include_usage": True}, seed=42, temperature=0.7)
    yield expect("texts", [stream.joined(index=index) for index in range(3)], equals=["".join(text) for text in TEXTS])
    finishes = [stream.finishes(index)[-1:] for index in range(3)]
    yield expect("finish reasons", finishes, equals=[[end] for end in ENDS])
    called = await target.chat.stream(n=3, script="calls", tools=function_tools(*NAMES))
    names = [[call["name"] for call in called.tool_calls(index=index)] for index in range(3)]
    yield expect("calls", names, equals=[[name] for name in NAMES])


@n_choices.mutant(killed_by="calls")
class CallsForTheFirst(Relay):
    """A call comes under index 0, whichever choice makes it."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(
            events, lambda choice: items(choice, "delta", "tool_calls") and choice.update(index=0)
        )


@n_choices.mutant(killed_by="texts")
class ForgetsTheIndex(Relay):
    """Every choice is sent under index 0."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice.update(index=0))


@n_choices.mutant(killed_by="finish reasons")
class FinishesTheFirstChoice(Relay):
    """Only the first choice's finish reason is passed on."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice["index"] and choice.update(finish_reason=None))


@n_choices.mutant(killed_by="request-fidelity", trips=("requests.sampling-params",))
class SeedsOneChoice(Relay):
    """A request for several choices is sent without its seed."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        return outgoing.with_json(body) if (body.get("n") or 1) > 1 and body.pop("seed", None) else outgoing


@case(
    "stream.logprobs",
    level="SHOULD",
    refs=["vllm#1967", "vllm#4795"],
    upstream={"": reply.stream("Hel", "l\u00f6", "!", logprobs=LOGPROBS), "joined": reply.events(JOINED, ENDING)},
)
async def logprobs(target: Target) -> Findings:
    """The log probabilities of each chunk reach the client as the provider sent them."""
    for script, check in {"": "log probabilities", "joined": "log probabilities of several tokens at once"}.items():
        choices = (await target.chat.stream(logprobs=True, top_logprobs=1, script=script)).choices()
        entries = [entry for choice in choices for entry in items(choice, "logprobs", "content")]
        yield expect(check, entries, equals=LOGPROBS)


@logprobs.mutant(killed_by="log probabilities")
class ForgetsLogprobs(Relay):
    """Choices are rebuilt without their log probabilities."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice.pop("logprobs", None))


@logprobs.mutant(killed_by="log probabilities of several tokens at once")
class PassesOneEach(Relay):
    """Of a chunk that holds several tokens, the first one's log probability is passed on."""

    def events(self, events: Events) -> Events:
        def shorten(choice: dict[str, Any]) -> None:
            if items(choice, "logprobs", "content"):
                choice["logprobs"]["content"] = choice["logprobs"]["content"][:1]

        return edits.chunk_choices(events, shorten)
