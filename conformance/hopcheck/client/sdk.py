"""The official client, for what only it can show: how it reads a response, and which of its errors it raises."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from hopcheck.client.config import TargetConfig

if TYPE_CHECKING:
    from openai import AsyncOpenAI


def load_sdk() -> None:
    """Import the official client.

    It takes as long as everything else together, so commands that ask nothing go without; and it must be there before
    cases run, or one of them would hold up the others.
    """
    importlib.import_module("openai")


def official_client(config: TargetConfig, timeout_s: float) -> AsyncOpenAI:
    """The official client, pointed at a target, without retries."""
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    plain = config.base_url.startswith("http:")  # loading certificates takes longer than most cases
    return AsyncOpenAI(
        http_client=DefaultAsyncHttpxClient(verify=False) if plain else None,
        base_url=config.base_url,
        api_key=config.api_key or "none",
        max_retries=0,
        timeout=timeout_s,
        default_headers=dict(config.headers),
    )
