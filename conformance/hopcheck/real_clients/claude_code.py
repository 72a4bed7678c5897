"""Claude Code, which speaks Anthropic's Messages."""

from __future__ import annotations

from collections.abc import Mapping

from hopcheck.real_clients.client_run import ClientRun
from hopcheck.real_clients.command_line_client import CommandLineClient, Invocation, json_lines
from hopcheck_server.upstream.script import reply


class ClaudeCode(CommandLineClient):
    """Claude Code, by `claude -p`: it prints JSON lines, and the last one says how it ended."""

    name = "claude-code"
    version = "2.1.332"
    surface = "messages"
    package = "@anthropic-ai/claude-code"
    wheel = "claude-agent-sdk==0.2.189"
    files = (
        "node_modules/@anthropic-ai/claude-code/bin/claude.exe",  # its name on every system
        "claude_agent_sdk/_bundled/claude",
    )
    command = "claude"
    shell_call = reply.call("Bash", '{"command":"echo tool-ok-$((40+2))","description":"Print a line"}')

    def prepare(self, asked: Invocation) -> None:
        """Make the folder of its settings, which stays empty."""
        (asked.home / ".claude").mkdir()

    def arguments(self, asked: Invocation) -> list[str]:
        """One turn, without files, plug-ins or memory of other sessions; the shell is its only tool."""
        output = ["--output-format", "stream-json", "--verbose", "--no-session-persistence"]
        return ["-p", asked.prompt, *output, "--bare", "--tools", "Bash", "--model", asked.model]

    def environment(self, asked: Invocation) -> Mapping[str, str]:
        """The target and the key; no request of its own besides, and no second, hidden try without a stream."""
        return {
            "CLAUDE_CONFIG_DIR": str(asked.home / ".claude"),
            "ANTHROPIC_BASE_URL": asked.base_url.removesuffix("/v1"),
            "ANTHROPIC_API_KEY": asked.key,
            "CLAUDE_CODE_MAX_RETRIES": str(asked.retries),
            "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
            "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "10000",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_AUTOUPDATER": "1",
        }

    def read(self, exit_code: int | None, stdout: str, stderr: str) -> ClientRun:
        """Take the answer, or the failure with its status, from the result."""
        results = [line for line in json_lines(stdout) if line.get("type") == "result"]
        result = results[-1] if results else {}
        shown = str(result.get("result") or "")
        if not result.get("is_error", exit_code != 0):
            return ClientRun(exit_code=exit_code, text=shown)
        reasons = [str(value) for name in ("terminal_reason", "api_error_status") if (value := result.get(name))]
        failure = " ".join([shown or stderr.strip()[-300:], *(f"[{reason}]" for reason in reasons)])
        return ClientRun(exit_code=exit_code, failure=failure.strip())

    def knows_too_long(self, run: ClientRun) -> bool:
        """It names the reason."""
        return "[prompt_too_long]" in run.failure
