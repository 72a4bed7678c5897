"""A description of a running chain: addresses and keys, a curl line for each surface, a Python snippet."""

import json
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from hopcheck_server.chain.processes import ManagedProcess

_TEXT = "Hello"
_MESSAGES = [{"role": "user", "content": _TEXT}]

BODIES: dict[str, dict[str, Any]] = {
    "chat/completions": {"messages": _MESSAGES},
    "responses": {"input": _TEXT},
    "messages": {"max_tokens": 64, "messages": _MESSAGES},
}
"""What is asked of each surface, by the end of its path."""


class ServerRow(NamedTuple):
    """One server: its name, its address for clients, their key, and its process if this chain started it."""

    name: str
    base_url: str
    key: str
    process: ManagedProcess | None


def describe(servers: Sequence[ServerRow], model: str) -> str:
    """Return addresses, keys and logs, and curl lines and an `openai` snippet for the last server, the front."""
    front = servers[-1]
    snippet = openai_snippet(front.base_url, front.key, model).splitlines()
    lines = [line for server in servers for line in _about(server)]
    curls = [curl_line(front.base_url, front.key, model, path) for path in BODIES]
    lines += ["", "From a shell, by each API:", "", *curls]
    return "\n".join([*lines, "", "From Python:", "", *snippet])


def curl_line(base_url: str, key: str, model: str, path: str = "chat/completions") -> str:
    """Return a request for a shell; `path` is one of `BODIES`."""
    body = json.dumps({"model": model, **BODIES[path]})
    headers = ["-H", f"Authorization: Bearer {key}", "-H", "Content-Type: application/json"]
    return shlex.join(["curl", "-sS", f"{base_url}/{path}", *headers, "-d", body])


def openai_snippet(base_url: str, key: str, model: str) -> str:
    """Return the same request for Python."""
    return f"""\
from openai import OpenAI

client = OpenAI(base_url="{base_url}", api_key="{key}")
completion = client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "{_TEXT}"}}])
print(completion.choices[0].message.content)"""


def _about(server: ServerRow) -> list[str]:
    lines = [f"{server.name:<16} {server.base_url}   key {server.key}"]
    if server.process:
        lines.append(f"{'':<16} pid {server.process.pid}, log {server.process.log_file}")
    return lines
