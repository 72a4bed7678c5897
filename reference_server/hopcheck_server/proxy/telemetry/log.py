"""The log: lines for people, or JSON objects."""

from __future__ import annotations

import json
import logging
import time
import traceback
from typing import Any

from hopcheck_server.proxy.telemetry.metrics import RequestEnd

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
QUIET = ("httpx2", "httpcore2", "httpx", "openai", "asyncio")
"""Loggers whose lines hold addresses, and are useful only when debugging."""


class JSONFormatter(logging.Formatter):
    """Writes one JSON object for each line; the fields of a request are members of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; of an exception its class and traceback, not its text, which may quote a prompt."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{at}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "request", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = "".join(traceback.format_tb(record.exc_info[2]))
        return json.dumps(line)


def line_of(ended: RequestEnd) -> dict[str, Any]:
    """Return the fields of a request's line about its end; times are milliseconds."""
    notes, added_s = ended.notes, ended.added_s
    fields: dict[str, Any] = {"status": ended.status, "duration_ms": _ms(ended.duration_s)}
    if notes.upstream_s:
        fields["upstream_ms"] = _ms(notes.upstream_s)
    if added_s is not None:
        fields["added_ms"] = _ms(added_s)
    if notes.client:
        fields["client"] = notes.client
    if notes.error:
        fields["error"] = notes.error
    flags = {"stream": ended.streamed, "cancelled": ended.cancelled, "direct": notes.direct}
    return fields | {name: True for name, is_so in flags.items() if is_so}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record is more than the event loop's note, once for each block, that a client has left its stream."""
    return record.getMessage() != "socket.send() raised exception."


def configure_logging(level: str, log_format: str) -> None:
    """Log to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter() if log_format == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("asyncio").addFilter(_is_news)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
