"""The reference proxy as a child process, in front of LiteLLM or of what stands in its place."""

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
) -> AbstractAsyncContextManager[Served]:
    """Run the reference proxy while the context lasts.

    Args:
        litellm_url: Where LiteLLM is, without `/v1`.
        litellm_key: What the proxy shows it.
        log_file: Where its output goes.
        key: What clients are to show it; "" makes a random one.
        settings: What else it is told, without the prefix.
        progress: Is told what goes on, about once a second.

    Raises:
        ProcessError: It couldn't be started.
    """
    key = key or f"sk-hopcheck-{secrets.token_urlsafe(24)}"
    told = {
        "LLM_MODE": "litellm",
        "LITELLM_PROXY_URL": litellm_url,
        "LITELLM_API_KEY": litellm_key,
        "INTERNAL_API_KEY": key,
        "DEFAULT_MODEL": CHAT_MODEL,
        **(settings or {}),
    }
    return serve(
        [sys.executable, "-m", "hopcheck_server.proxy", "--port", "0"],
        name="the reference proxy",
        log_file=log_file,
        env={f"LLM_PROXY__{name}": value for name, value in told.items()},
        key=key,
        progress=progress,
    )
