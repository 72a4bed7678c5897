"""The arguments of tool calls, for dialects that send them as an object."""

from __future__ import annotations

import json

from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.script.turns import ToolCall


def parsed_arguments(call: ToolCall) -> Json | None:
    """The object that a call's arguments are, also where they are empty; None if they are no object."""
    try:
        arguments = json.loads("".join(call.arguments) or "{}")
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None
