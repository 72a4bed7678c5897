"""Scripts as JSON, for an upstream in another process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hopcheck_server.upstream.script.turns import Script, Scripts

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@cache
def _adapter() -> TypeAdapter[dict[str, Script]]:
    """Made when the first script is sent or read: most processes do neither, and pydantic is half of their start."""
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(dict[str, Script], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64"))


def dump(scripts: Scripts) -> bytes:
    """Write scripts as JSON."""
    return _adapter().dump_json(dict(scripts))


def load(text: bytes) -> dict[str, Script]:
    """Read what `dump` wrote.

    Raises:
        pydantic.ValidationError: The text is no mapping of scripts.
    """
    return _adapter().validate_json(text)
