"""The operations that are fuzzed: each with its requirement and the checks that every example must pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hopcheck.authoring.findings import LevelName

WHOLE = "a whole answer"
SECRETS = "no key in the answer"
SERVER_ERRORS = "no server error of its own"
CONTRACT = "the answer fits the contract"
ACCEPTED = "what keeps the contract is accepted"
STATUS = "the provider's status"
ATTEMPTS = "upstream attempts"
REQUEST = "the request as it was sent"
MORE_REQUEST = "the request's other fields as they were sent"
GRAMMAR = "the stream's grammar"
ANSWER = "the answer as it was given"
MORE_ANSWER = "the answer's other fields as they were given"
REFUSED = "it is refused"
STOPPED = "no provider hears of it"
MODEL = "the model that was asked for, or none"
ROUTE = "404, 405 or 415"
RECOVERY = "it is well after every step"
SEPARATION = "nothing of another request"
INVARIANTS = "what holds on every exchange"

_COMMON_CHECKS: dict[str, LevelName] = {
    WHOLE: "MUST",
    SECRETS: "MUST",
    SERVER_ERRORS: "MUST",
    CONTRACT: "MUST",
    INVARIANTS: "MUST",
}
_VALID_CHECKS: dict[str, LevelName] = {
    **_COMMON_CHECKS,
    ACCEPTED: "SHOULD",
    STATUS: "MUST",
    ATTEMPTS: "MUST",
    REQUEST: "MUST",
    MORE_REQUEST: "SHOULD",
    GRAMMAR: "MUST",
    ANSWER: "MUST",
    MORE_ANSWER: "SHOULD",
}
_REFUSAL_CHECKS: dict[str, LevelName] = {**_COMMON_CHECKS, REFUSED: "MUST", STOPPED: "MUST"}


@dataclass(frozen=True)
class FuzzedOperation:
    """One operation of the contract, for which many examples are generated.

    Attributes:
        id: The case's id in reports.
        requirement: What must hold for every example.
        method: The HTTP method.
        path: The contract's template.
        checks: The level of each check, in the order in which an example is judged.
        needs: What a target must declare.
        share: Its number of examples, as a fraction of the largest operation's.
    """

    id: str
    requirement: str
    method: str
    path: str
    checks: Mapping[str, LevelName]
    needs: frozenset[str] = frozenset()
    share: float = 0.25


CHAT = FuzzedOperation(
    "fuzz.chat",
    "Any chat request that keeps the contract reaches the provider as it was sent, and its answer comes back as given.",
    "POST",
    "/v1/chat/completions",
    _VALID_CHECKS,
    share=1.0,
)
CHAT_REFUSALS = FuzzedOperation(
    "fuzz.chat-refusals",
    "A chat request that a proxy has to refuse gets a 400 or 422, and no provider hears of it.",
    "POST",
    "/v1/chat/completions",
    _REFUSAL_CHECKS,
)
EMBEDDINGS = FuzzedOperation(
    "fuzz.embeddings",
    "Any embeddings request that keeps the contract reaches the provider as it was sent, and the vectors come back.",
    "POST",
    "/v1/embeddings",
    {check: level for check, level in _VALID_CHECKS.items() if check not in (GRAMMAR, MORE_ANSWER)},
    frozenset({"embeddings"}),
)
EMBEDDINGS_REFUSALS = FuzzedOperation(
    "fuzz.embeddings-refusals",
    "An embeddings request that a proxy has to refuse gets a 400 or 422, and no provider hears of it.",
    "POST",
    "/v1/embeddings",
    _REFUSAL_CHECKS,
    frozenset({"embeddings"}),
)
MODELS = FuzzedOperation(
    "fuzz.models",
    "The list of models fits the contract, whatever harmless headers it is asked with.",
    "GET",
    "/v1/models",
    _COMMON_CHECKS,
)
ONE_MODEL = FuzzedOperation(
    "fuzz.model",
    "A model that is asked for by any name is described, or answered with an error in OpenAI's shape.",
    "GET",
    "/v1/models/{model}",
    {**_COMMON_CHECKS, MODEL: "MUST"},
)
ROUTES = FuzzedOperation(
    "fuzz.routes",
    "A wrong method or content type is refused with an error in OpenAI's shape.",
    "ANY",
    "/v1/…",
    {**_COMMON_CHECKS, ROUTE: "SHOULD"},
)

OPERATIONS: Mapping[str, FuzzedOperation] = {
    one.id: one for one in (CHAT, CHAT_REFUSALS, EMBEDDINGS, EMBEDDINGS_REFUSALS, MODELS, ONE_MODEL, ROUTES)
}
"""The operations for which examples are generated, by id, in the order of a run."""

SEQUENCES = FuzzedOperation(
    "fuzz.sequences",
    "After any sequence of requests, answered, failed or left, a target answers the next one, and mixes nothing up.",
    "ANY",
    "/v1/…",
    {RECOVERY: "MUST", SEPARATION: "MUST", INVARIANTS: "MUST"},
    frozenset({"two_sided"}),
    share=0.06,
)

SEARCHES: Mapping[str, FuzzedOperation] = {**OPERATIONS, SEQUENCES.id: SEQUENCES}
"""Everything that a run searches, by id, in its order."""
