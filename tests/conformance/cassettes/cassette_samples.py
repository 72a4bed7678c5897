"""Cassettes made by hand, one for each kind of content."""

from __future__ import annotations

import json
from dataclasses import replace

from hopcheck.cassettes import (
    Cassette,
    Frame,
    Interaction,
    JournalEntry,
    Provenance,
    RecordedDelivery,
    RecordedRequest,
    RecordedResponse,
    RecordedVerdict,
)

MADE = Provenance(tool="0.1.0", recorded="2026-11-23", litellm="1.106.2", openai="2.54.0", contract="1 (0123456789ab)")
CHAT = "http://127.0.0.1:4000/v1/chat/completions"
JSON_TYPE = (("content-type", "application/json"),)
EVENT_STREAM = (("content-type", "text/event-stream; charset=utf-8"), ("transfer-encoding", "chunked"))


def ask(case: str, nonce: str, operation: str = "chat", model: str = "fake-model", **fields: object) -> RecordedRequest:
    """A chat request that the reference proxy would send."""
    messages = [{"role": "user", "content": f"Say hello. hopcheck:{case}~~{operation}:{nonce}"}]
    body = json.dumps({"model": model, "messages": messages, **fields}).encode()
    return RecordedRequest("POST", CHAT, (*JSON_TYPE, ("content-length", str(len(body)))), body)


def event(**fields: object) -> bytes:
    """An event of a chat stream."""
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "fake-model"}
    return f"data: {json.dumps({**chunk, **fields})}\n\n".encode()


def streamed(
    case: str, nonce: str, texts: tuple[str, ...], *, at_us: int = 0, gap_us: int = 1000, operation: str = "chat"
) -> Interaction:
    """A chat stream, one chunk an event."""
    deltas = [{"role": "assistant", "content": ""}, *({"content": text} for text in texts)]
    events = [event(choices=[{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    events.append(event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    events.append(b"data: [DONE]\n\n")
    frames = tuple(Frame(9000 + gap_us * place, len(data)) for place, data in enumerate(events))
    delivery = RecordedDelivery(at_us, 8000, "chunked", "complete", frames[-1].at_us + 50, frames)
    response = RecordedResponse(200, "OK", EVENT_STREAM, b"".join(events))
    return Interaction(ask(case, nonce, operation, stream=True), response, delivery)


def answered(
    case: str, nonce: str, text: str, *, at_us: int = 0, status: int = 200, model: str = "fake-model"
) -> Interaction:
    """A chat response in one piece."""
    message = {"role": "assistant", "content": text}
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    body = json.dumps(completion, ensure_ascii=False).encode()
    headers = (*JSON_TYPE, ("content-length", str(len(body))))
    delivery = RecordedDelivery(at_us, 12000, "length", "complete", 12100, (Frame(12100, len(body)),))
    return Interaction(ask(case, nonce, model=model), RecordedResponse(status, "OK", headers, body), delivery)


def unanswered(case: str, nonce: str, *, at_us: int = 0) -> Interaction:
    """A request whose client left before the response."""
    return Interaction(ask(case, nonce), None, RecordedDelivery(at_us, None, "none", "left", 300000))


def listing() -> Interaction:
    """The model list, which may be played any number of times."""
    body = b'{"data":[{"id":"fake-model","object":"model","created":1677610602,"owned_by":"openai"}],"object":"list"}'
    delivery = RecordedDelivery(0, 4000, "length", "complete", 4100, (Frame(4100, len(body)),))
    request = RecordedRequest("GET", "http://127.0.0.1:4000/v1/models", (("accept", "*/*"),))
    return Interaction(request, RecordedResponse(200, "OK", JSON_TYPE, body), delivery, repeat="*")


def entry(of: Interaction, *, number: int = 1, key: str = "provider") -> JournalEntry:
    """The upstream's journal entry when LiteLLM passed a request on."""
    sent = (Frame(500, 200), Frame(1500, 14))
    return JournalEntry(
        number, "POST", "/v1/chat/completions", JSON_TYPE, key, of.request.body, 1, of.delivery.at_us + 3000, 400, sent,
        "answered", 1600,
    )  # fmt: skip


def cassettes() -> list[Cassette]:
    """One cassette of each kind."""
    stream = streamed("stream.done-once", "n0", ("Hel", "lo"))
    texts = ("Grüße, 世界 🎉", "line one\nline two ", " \ttab\rreturn")
    whole = [answered("chat.content-exact", f"n{at}", text, at_us=20000 * at) for at, text in enumerate(texts)]
    left, again = unanswered("cancel.before-head", "n0"), answered("cancel.before-head", "n1", "again", at_us=400000)
    raw = RecordedResponse(200, "OK", (("content-type", "application/octet-stream"),), b"\xff\xfe\x00\x80")
    delivery = RecordedDelivery(0, 5, "close", "cut", 9, (Frame(6, 1), Frame(8, 3)))
    broken = Interaction(ask("stream.cut", "n0"), raw, delivery)
    held = RecordedVerdict("conforms", {"one [DONE]": True, "[DONE] is last": True}, ("contract.event: id is missing",))
    made = [
        Cassette("stream.done-once", MADE, (stream,), (entry(stream),), held),
        Cassette("chat.content-exact", MADE, tuple(whole), tuple(map(entry, whole)), conforms("text")),
        Cassette("cancel.before-head", MADE, (left, again), (entry(left),), conforms("left")),
        Cassette("stream.cut", MADE, (broken,)),
        Cassette("models.list-shape", MADE, (listing(),)),
        Cassette("auth.required", MADE, (), (), conforms("401")),
        Cassette("chat.schema", MADE, (answered("chat.schema", "n0xgemini", "Hi"),), provider="gemini"),
    ]
    return [replace(one, operation="chat") for one in made]


def conforms(check: str) -> RecordedVerdict:
    """The verdict of a case with one check that held."""
    return RecordedVerdict("conforms", {check: True})
