"""The mutants of the invariants, by what they are about; importing this package registers all of them."""

from hopcheck.selftest.invariants.mutants import (
    attempts,
    failures,
    message_rules,
    messages,
    requests,
    response_rules,
    responses,
    secrecy,
    streams,
    typed_responses,
    typed_streams,
)

__all__ = [
    "attempts",
    "failures",
    "message_rules",
    "messages",
    "requests",
    "response_rules",
    "responses",
    "secrecy",
    "streams",
    "typed_responses",
    "typed_streams",
]
