"""Asks with Google's own client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from google import genai
from google.genai import types
from marker_text import MARKER

PROVIDER = "upstream/gemini"


def asking(ask: Callable[[Any], Awaitable[Any]]) -> Callable[[str], Awaitable[Any]]:
    """Ask with a client of its own."""

    async def act(root: str) -> Any:
        client = genai.Client(api_key="k-1", http_options=types.HttpOptions(base_url=root))
        try:
            return await ask(client.aio.models)
        finally:
            await client.aio.aclose()

    return act


async def whole(models: Any) -> Any:
    return await models.generate_content(model="g", contents=MARKER)


async def streamed(models: Any) -> list[Any]:
    return [one async for one in await models.generate_content_stream(model="g", contents=MARKER)]
