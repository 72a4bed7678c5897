"""A first draft of an OpenAI-compatible proxy: it works when you try it, and keeps almost none of the contract.

The comments that begin with FAULT say what is wrong with it; `hopcheck gate` finds out by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from openai import AsyncOpenAI
from pydantic import BaseModel

UPSTREAM_URL = os.environ.get("NAIVE_UPSTREAM_URL", "http://localhost:4000/v1")
UPSTREAM_KEY = os.environ.get("NAIVE_UPSTREAM_KEY", "sk-naive")
API_KEY = os.environ.get("NAIVE_API_KEY", "")

app = FastAPI(title="naive proxy")
# FAULT: max_retries is left at its default of 2, on top of what the next hop retries: three attempts instead of one.
client = AsyncOpenAI(base_url=UPSTREAM_URL, api_key=UPSTREAM_KEY)


class ChatRequest(BaseModel):
    """What a client may send. FAULT: any other field (tools, seed, user, response_format, …) is silently dropped."""

    # FAULT: no model is required, and messages may be empty or anything that looks like dictionaries.
    model: str = "gpt-4o-mini"
    messages: list[dict[str, Any]] = []
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    stream: bool = False


class EmbeddingsRequest(BaseModel):
    """An embeddings request. FAULT: encoding_format and dimensions are dropped."""

    model: str = "text-embedding-3-small"
    input: str | list[str]


@app.middleware("http")
async def check_key(request: Request, call_next: Any) -> Any:
    """Let in who presents the key."""
    if API_KEY and request.headers.get("authorization") != f"Bearer {API_KEY}":
        # FAULT: FastAPI's error shape, not OpenAI's.
        return JSONResponse({"detail": "Invalid API key"}, status_code=401)
    return await call_next(request)


def parameters(request: ChatRequest) -> dict[str, Any]:
    """Collect what goes upstream."""
    names = ("model", "messages", "temperature", "top_p", "max_tokens", "stop")
    # FAULT: `if value` drops temperature=0 together with what wasn't given.
    return {name: value for name in names if (value := getattr(request, name))}


def passed_headers(request: Request) -> dict[str, str]:
    """Keep the client's headers, for tracing."""
    # FAULT: whatever isn't excluded here goes upstream, x-api-key, cookies and the client's address included.
    excluded = ("host", "content-length", "content-type", "authorization", "accept-encoding", "connection")
    return {name: value for name, value in request.headers.items() if name not in excluded}


def completion(model: str, text: str) -> dict[str, Any]:
    """Wrap a text in OpenAI's shape."""
    # FAULT: an id and a time of our own, always "stop", and no usage, tool calls or log probabilities.
    message = {"role": "assistant", "content": text}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex[:12]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


def chunk(model: str, delta: dict[str, str], finish: str | None = None) -> str:
    """Make one event."""
    # FAULT: a fresh id for each chunk of one answer.
    head = {"id": f"chatcmpl-{uuid.uuid4().hex[:12]}", "object": "chat.completion.chunk", "created": int(time.time())}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({**head, 'model': model, 'choices': [choice]})}\n\n"


async def stream_chat(request: ChatRequest, headers: dict[str, str]) -> AsyncIterator[str]:
    """Stream an answer."""
    try:
        stream = await client.chat.completions.create(**parameters(request), stream=True, extra_headers=headers)
        async for event in stream:
            # FAULT: content only; tool calls, the role, usage, other choices and the finish reason are lost.
            if event.choices and event.choices[0].delta.content:
                yield chunk(request.model, {"content": event.choices[0].delta.content})
    except Exception as error:
        # FAULT: an error as text of the answer, inside a 200, with the upstream's own message in it.
        yield chunk(request.model, {"content": f"Error: {error}"})
    # FAULT: an upstream that was cut off ends just as one that was finished.
    yield chunk(request.model, {}, "stop")
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat(request: ChatRequest, http: Request) -> Any:
    """Answer a chat."""
    headers = passed_headers(http)
    if request.stream:
        # FAULT: the status is 200 before the upstream was asked, and nothing keeps buffering proxies from collecting.
        return StreamingResponse(stream_chat(request, headers), media_type="text/event-stream")
    try:
        # FAULT: nobody watches for a client that hangs up: the upstream works on, for no one.
        answer = await client.chat.completions.create(**parameters(request), extra_headers=headers)
        return completion(request.model, answer.choices[0].message.content or "")
    except Exception as error:
        # FAULT: an error as text of the answer, inside a 200.
        return completion(request.model, f"Error: {error}")


@app.post("/v1/embeddings")
async def embeddings(request: EmbeddingsRequest) -> Any:
    """Answer with vectors. FAULT: an upstream error is an exception here, and a bare 500 for the client."""
    return (await client.embeddings.create(model=request.model, input=request.input)).model_dump()


@app.get("/v1/models")
async def models() -> Any:
    """List the models."""
    try:
        ids = [model.id async for model in await client.models.list()]
    except Exception:
        # FAULT: a list that is made up when the upstream is down.
        ids = ["gpt-4o-mini", "gpt-4o"]
    # FAULT: `created` is the time of the call, and one context length is claimed for every model.
    entry = {"object": "model", "created": int(time.time()), "owned_by": "naive", "context_length": 128_000}
    return {"object": "list", "data": [{"id": model_id, **entry} for model_id in ids]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8001)
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port)
