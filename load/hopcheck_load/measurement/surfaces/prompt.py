"""What is asked, whatever the surface: a text, or an agent's session so far."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

SYSTEM = "You have tools to read and run files."
TASK = "Find out why the tests fail."

TOOL = "read_file"
TOOL_ABOUT = "Read a file of the project."
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {"type": "string", "description": "The path."}},
    "required": ["path"],
    "additionalProperties": False,
}
"""The tool's parameters, as a JSON schema: it is closed, since the Responses API demands that of strict tools."""


@dataclass(frozen=True, slots=True)
class ToolTurn:
    """A call of the tool, and its result.

    Attributes:
        id: The call's id.
        path: The tool's argument.
        result: What it returned.
    """

    id: str
    path: str
    result: str

    @property
    def arguments(self) -> str:
        """The arguments as JSON."""
        return json.dumps({"path": self.path})


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request without its form.

    Attributes:
        text: What the user says at the end; it has the marker.
        turns: The session so far: after the system's text and a task, these calls and results.
        is_session: Whether it is an agent's session: one with a system's text, a task and a tool.
    """

    text: str
    turns: tuple[ToolTurn, ...] = field(default=())
    is_session: bool = False
