"""Codex, which speaks OpenAI's Responses API."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hopcheck.real_clients.client_run import ClientRun
from hopcheck.real_clients.command_line_client import CommandLineClient, Invocation, json_lines
from hopcheck_server.upstream.script import reply

# Without its own sandbox, which needs rights that containers often lack: what it runs is in the upstream's script.
_CONFIGURATION = """
model = {model}
model_provider = "target"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.target]
name = "target"
base_url = {base_url}
env_key = "HOPCHECK_TARGET_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = {retries}
stream_idle_timeout_ms = 10000
"""


class Codex(CommandLineClient):
    """Codex, by `codex exec --json`: it prints JSON lines."""

    name = "codex"
    version = "0.171.0"
    surface = "responses"
    package = "@openai/codex"
    files = (
        "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
        "node_modules/@openai/codex-linux-arm64/vendor/aarch64-unknown-linux-musl/bin/codex",
        "node_modules/.bin/codex",
    )
    command = "codex"
    shell_call = reply.call("exec_command", '{"cmd":"echo tool-ok-$((40+2))"}')

    def prepare(self, asked: Invocation) -> None:
        """Write its configuration: the target is its only provider."""
        (asked.home / ".codex").mkdir()
        values = {"model": json.dumps(asked.model), "base_url": json.dumps(asked.base_url), "retries": asked.retries}
        (asked.home / ".codex" / "config.toml").write_text(_CONFIGURATION.format(**values), encoding="utf-8")

    def arguments(self, asked: Invocation) -> list[str]:
        """One turn."""
        return ["exec", "--json", "--ephemeral", "--skip-git-repo-check", asked.prompt]

    def environment(self, asked: Invocation) -> Mapping[str, str]:
        """Its home and the key."""
        return {"CODEX_HOME": str(asked.home / ".codex"), "HOPCHECK_TARGET_KEY": asked.key}

    def read(self, exit_code: int | None, stdout: str, stderr: str) -> ClientRun:
        """Take the messages, and the failure of the turn."""
        lines = json_lines(stdout)
        items = [line.get("item", {}) for line in lines if line.get("type") == "item.completed"]
        text = " ".join(str(item.get("text")) for item in items if item.get("type") == "agent_message")
        failed = next((line.get("error", {}) for line in lines if line.get("type") == "turn.failed"), None)
        if failed is None and exit_code == 0:
            return ClientRun(exit_code=exit_code, text=text)
        failure = str((failed or {}).get("message") or stderr.strip()[-300:])
        return ClientRun(exit_code=exit_code, text=text, failure=failure)

    def knows_too_long(self, run: ClientRun) -> bool:
        """It says so in its own words, and not with the provider's."""
        return "ran out of room" in run.failure
