"""JSON as the dialects write it."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def compact(value: Any) -> str:
    """JSON without spaces, and with characters as they are."""
    return _COMPACT.encode(value)
