"""The clients that hopcheck can run."""

from __future__ import annotations

from hopcheck.real_clients.claude_code import ClaudeCode
from hopcheck.real_clients.codex import Codex
from hopcheck.real_clients.command_line_client import CommandLineClient

CLIENTS: dict[str, CommandLineClient] = {client.name: client for client in (ClaudeCode(), Codex())}
"""By name."""
