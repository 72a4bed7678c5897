"""How a rate limit refuses a request."""

from __future__ import annotations

from hopcheck.client.responses import Response


def is_refusal(response: Response) -> bool:
    """Whether a response is what a rate limit answers: 429, or 503 with a Retry-After."""
    return response.status == 429 or (response.status == 503 and response.header("retry-after") is not None)


def announced_wait_s(response: Response) -> float | None:
    """How long a refusal says to wait, in seconds; None where it doesn't say.

    Read are `retry-after-ms`, `retry-after` (seconds, or an HTTP date), and `ratelimit-reset`.
    """
    milliseconds = _number(response.header("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = _number(response.header("retry-after"))
    if seconds is None and response.retry_after_s is not None:
        seconds = max(0.0, response.retry_after_s)
    return _number(response.header("ratelimit-reset")) if seconds is None else seconds


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
