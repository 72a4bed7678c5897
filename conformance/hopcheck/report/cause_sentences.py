"""Causes as whole sentences: what the target's messages lack or have, in words, then the complaint itself."""

from __future__ import annotations

import re

_SUBJECTS = {
    "contract.response": ("Responses", "Error responses"),
    "contract.event": ("Stream events", "Errors in streams"),
    "contract.upstream-request": ("Requests to the provider", "Requests to the provider"),
}
"""By check: what is wrong, and what it is called where the complaint is about an error object."""

_MISSING = re.compile(r"^(?P<name>\S+) is missing$")
_NULL = re.compile(r"^expected .*, not null$")
_OTHER_TYPE = re.compile(r'^expected (?P<wanted>.+), not "(?P<seen>.*)"$')


def sentence_of(check: str, beginning: str, cause: str) -> str:
    """A cause in a sentence that ends with the complaint, word for word as a baseline lists it.

    Args:
        check: What did not hold.
        beginning: How the sentence begins where nothing more telling is known.
        cause: The complaint, without its varying parts.
    """
    predicate = _predicate(cause) if check in _SUBJECTS else ""
    subject = _SUBJECTS[check][_is_about_error(cause)] if predicate else ""
    return f"{subject} {predicate}: {cause}." if predicate else f"{beginning}: {cause}."


def _is_about_error(cause: str) -> bool:
    return cause.removeprefix("the body: ").removeprefix("the event: ").startswith("error")


def _predicate(cause: str) -> str:
    """What is wrong with the messages, or "" where only the complaint says it."""
    where, _, message = cause.partition(": ")
    if missing := _MISSING.match(message):
        return f"have no `{missing['name']}`"
    if where == "content-type" and (other := _OTHER_TYPE.match(message)):
        return f"are sent as {other['seen']}" if other["seen"] else "have no content type"
    if message == "is not JSON":
        return "are not JSON"
    if _NULL.match(message) and "." in where:
        return f"have no `{where.rpartition('.')[2]}`"
    return ""
