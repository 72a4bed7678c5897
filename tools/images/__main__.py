"""Build both images and run them: `python -m tools.images`. Needs root, and Debian's buildah and mmdebstrap.

It checks the images' user, size, layers and health check, serves a chat by the entry point of LLM-Proxy's image, and
ends it with SIGTERM. Nothing is left behind, unless `--folder` says where base, wheels and images are kept.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from hopcheck_server.chain.processes import free_port
from hopcheck_server.exits import HOLDS, USAGE
from tools.images.buildah import Workshop

TOOLS = ("buildah", "mmdebstrap", "uv")
BASE = "python:3.12.12-slim-bookworm"
MAX_ADDED_MB = 250.0
"""What an image may add to its base."""

LAYERS = 2
"""The base, and one folder."""

KEY = "sk-images-check-0123456789"
MOCK = ("LLM_PROXY__LLM_MODE=mock", f"LLM_PROXY__INTERNAL_API_KEY={KEY}")


def main(words: Sequence[str] | None = None) -> int:
    """Build, check and run; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where all of it is kept (default: nowhere)")
    folder: Path | None = parser.parse_args(words).folder
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"Images can't be built here: {', '.join(missing)} isn't installed.", file=sys.stderr)
        return USAGE
    with tempfile.TemporaryDirectory(prefix="hopcheck-images-") as own:
        workshop = Workshop((folder or Path(own)).absolute(), Path.cwd())
        workshop.folder.mkdir(parents=True, exist_ok=True)
        _timed("the base", lambda: workshop.make_base(BASE))
        _timed("the wheels", lambda: workshop.fetch_wheels(["server", "cassettes"]))
        _timed("LLM-Proxy's image", lambda: _check_proxy(workshop))
        _timed("the suite's image", lambda: _check_suite(workshop))
    return HOLDS


def _timed(what: str, work: Any) -> None:
    began = time.monotonic()
    work()
    print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)


def _check_proxy(workshop: Workshop) -> None:
    config = _checked(workshop, "Dockerfile", "llm-proxy:check")
    check = config["Healthcheck"]["Test"]
    assert check[0] == "CMD", check
    assert config["StopSignal"] == "SIGTERM", config
    with _container(workshop, "llm-proxy:check") as container:
        _serve_a_chat(workshop, container, [*config["Entrypoint"], *config["Cmd"]], check[1:])


def _check_suite(workshop: Workshop) -> None:
    config = _checked(workshop, "Dockerfile.suite", "hopcheck:check")
    with _container(workshop, "hopcheck:check") as container:
        shown = workshop.buildah("run", container, "--", *config["Entrypoint"], "cases", "stream.cut")
    assert "stream.cut" in shown, shown


def _checked(workshop: Workshop, dockerfile: str, tag: str) -> dict[str, Any]:
    """Build an image; check its user, layers and size; return its configuration."""
    docker = workshop.build(dockerfile, tag)["Docker"]
    config: dict[str, Any] = docker["config"]
    assert config["User"] == "10001:10001", config["User"]
    layers = len(docker["rootfs"]["diff_ids"])
    assert layers == LAYERS, layers
    added_mb = workshop.size_mb(tag) - workshop.size_mb(f"docker.io/library/{BASE}")
    assert added_mb <= MAX_ADDED_MB, added_mb
    print(f"{tag}: user {config['User']}, {layers} layers, {added_mb:.0f} MB more than its base", flush=True)
    return config


@contextmanager
def _container(workshop: Workshop, tag: str) -> Iterator[str]:
    container = workshop.buildah("from", "--pull-never", tag)
    try:
        yield container
    finally:
        workshop.buildah("rm", container)


def _serve_a_chat(workshop: Workshop, container: str, serve: Sequence[str], check: Sequence[str]) -> None:
    """Run the image's own command on a free port, ask it, and end it."""
    port = free_port()
    serve, check = ([word.replace("8000", str(port)) for word in command] for command in (serve, check))
    environment = [word for variable in MOCK for word in ("--env", variable)]
    command = [*workshop.command, "run", "--isolation", "chroot", *environment, container, "--", *serve]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        announced = running.stdout.readline().strip()
        assert announced.endswith(f":{port}"), announced
        workshop.buildah("run", container, "--", *check)
        assert "Mock LLM response" in _chat(port)
        _served_by(running.pid).send_signal(signal.SIGTERM)
        assert running.wait(60) == 0, running.returncode


def _served_by(pid: int) -> psutil.Process:
    """The process of the proxy below buildah's."""
    family = psutil.Process(pid).children(recursive=True)
    return next(one for one in family if "hopcheck" in " ".join(one.cmdline()) and not one.children())


def _chat(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"messages": [{"role": "user", "content": "Hello!"}]})
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    response = connection.getresponse()
    assert response.status == 200, response.status
    return response.read().decode()


if __name__ == "__main__":
    sys.exit(main())
