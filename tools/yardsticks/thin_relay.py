"""A bare relay of chats: FastAPI in front, aiohttp behind, and nothing else. `UPSTREAM=http://… uvicorn …:app`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:4000")
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer upstream-key"}


@asynccontextmanager
async def _with_client(app: FastAPI) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        app.state.session = session
        yield


app = FastAPI(lifespan=_with_client, telemetry={"tracing": False, "metrics": False, "logs": False})


@app.post("/v1/chat/completions")
async def chat(request: Request) -> Response:
    """Send the body on, and what comes back."""
    session = cast(aiohttp.ClientSession, request.app.state.session)
    upstream = await session.post(f"{UPSTREAM}/v1/chat/completions", data=await request.body(), headers=HEADERS)
    media_type = upstream.headers.get("content-type", "")
    if media_type.startswith("text/event-stream"):
        return StreamingResponse(_events(upstream), upstream.status, media_type=media_type)
    return Response(await upstream.read(), upstream.status, media_type=media_type)


async def _events(upstream: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with upstream:
        async for chunk in upstream.content.iter_any():
            yield chunk
