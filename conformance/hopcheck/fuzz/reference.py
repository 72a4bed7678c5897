"""Fuzz the reference proxy, on the upstream: `python -m hopcheck.fuzz.reference 100 [options of the gate]`."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hopcheck_server.chain import serve
from hopcheck_server.chain.processes import free_port
from hopcheck_server.wire.event_loop import stop_event

KEY = "sk-3a7e90c5d81f6b24"
KEY_ENV = "HOPCHECK_FUZZ_KEY"

TARGET = """[target]
name = "reference"

[declares]
default_model = "fake-model"
embeddings = true
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Start the proxy, run the gate on it, and return the gate's exit code."""
    examples, *options = list(sys.argv[1:] if argv is None else argv) or ["100"]
    return asyncio.run(_run(examples, options))


async def _run(examples: str, options: Sequence[str]) -> int:
    stop_event()  # the gate handles the signals, and ends; then this process does
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as folder:
        target = Path(folder) / "hopcheck.toml"
        target.write_text(TARGET, encoding="utf-8")
        command = [sys.executable, "-m", "hopcheck_server.proxy", "--port", "0"]
        log = Path(folder) / "reference.log"
        async with serve(command, name="the reference proxy", log_file=log, env=_settings(port)) as proxy:
            words = [
                "gate",
                proxy.base_url,
                "--target",
                str(target),
                "--upstream-port",
                str(port),
                "--select",
                "fuzz.*",
            ]
            words += ["--api-key-env", KEY_ENV, "--fuzz", examples, *options]
            env = {**os.environ, KEY_ENV: KEY}
            gate = await asyncio.create_subprocess_exec(sys.executable, "-m", "hopcheck", *words, env=env)
            return await gate.wait()


def _settings(port: int) -> dict[str, str]:
    settings = {
        "LLM_MODE": "litellm",
        "BACKEND": "openai",
        "LITELLM_PROXY_URL": f"http://127.0.0.1:{port}",
        "LITELLM_API_KEY": "sk-b60d2f94e7a1c853",
        "INTERNAL_API_KEY": KEY,
        "DEFAULT_MODEL": "fake-model",
    }
    return {f"LLM_PROXY__{name}": value for name, value in settings.items()}


if __name__ == "__main__":
    sys.exit(main())
