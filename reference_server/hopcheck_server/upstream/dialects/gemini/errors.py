"""What Gemini answers when something goes wrong."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.script.error_story import ErrorStory

_WORDS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
_TYPE = "type.googleapis.com/google.rpc."


def error_body(status: int, error: ErrorStory) -> Json:
    """A status as all of Google's APIs have it; how long to wait is one of its details."""
    word = _WORDS.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    details = _details(status, error)
    return {
        "error": {
            "code": status,
            "message": str(error.message),
            "status": word,
            **({"details": details} if details else {}),
        }
    }


def _details(status: int, error: ErrorStory) -> list[Json]:
    details: list[Json] = []
    if status == 401:
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"})
    if status == 429:
        violation = {"quotaMetric": "generativelanguage.googleapis.com/requests", "quotaId": "RequestsPerMinute"}
        details.append({"@type": f"{_TYPE}QuotaFailure", "violations": [violation]})
    if error.retry_after.isdigit():
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{error.retry_after}s"})
    return details
