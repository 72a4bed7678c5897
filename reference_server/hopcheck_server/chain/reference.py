"""Runs the reference proxy as a child process, in front of LiteLLM or of another backend."""

import secrets
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from hopcheck_server.chain.listening import Served, serve
from hopcheck_server.chain.processes import Progress

CHAT_MODEL = "fake-model"
"""The healthy model of the test configuration."""


def serve_reference(
    litellm_url: str,
    litellm_key: str,
    *,
    log_file: Path,
    key: str = "",
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> AbstractAsyncContextManager[Served]:
    """Run the reference proxy while the context lasts.

    Args:
        litellm_url: LiteLLM's address, without `/v1`.
        litellm_key: The key that the proxy sends it.
        log_file: The file for its output.
        key: The key for clients; "" makes a random one.
        settings: Further settings, without the prefix.
        progress: Called about once a second with a line about the state.
        workers: How many processes serve.

    Raises:
        ProcessError: It couldn't be started.
    """
    key = key or f"sk-hopcheck-{secrets.token_urlsafe(24)}"
    known = {
        "LLM_MODE": "litellm",
        "LITELLM_PROXY_URL": litellm_url,
        "LITELLM_API_KEY": litellm_key,
        "INTERNAL_API_KEY": key,
        "DEFAULT_MODEL": CHAT_MODEL,
        **(settings or {}),
    }
    return serve(
        [sys.executable, "-m", "hopcheck_server.proxy", "--port", "0", "--workers", str(workers)],
        name="the reference proxy",
        log_file=log_file,
        env={f"LLM_PROXY__{name}": value for name, value in known.items()},
        key=key,
        progress=progress,
    )
