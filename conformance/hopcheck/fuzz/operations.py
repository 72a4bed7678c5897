"""What is fuzzed: each operation of the contract, its requirement, and the checks that are made of every example."""

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
WELL = "it is well after every step"
OWN = "nothing of another request"

_ALWAYS: dict[str, LevelName] = {WHOLE: "MUST", SECRETS: "MUST", SERVER_ERRORS: "MUST", CONTRACT: "MUST"}
_PASSED: dict[str, LevelName] = {
    **_ALWAYS,
    ACCEPTED: "SHOULD",
    STATUS: "MUST",
    ATTEMPTS: "MUST",
    REQUEST: "MUST",
    MORE_REQUEST: "SHOULD",
    GRAMMAR: "MUST",
    ANSWER: "MUST",
    MORE_ANSWER: "SHOULD",
}
_REFUSED: dict[str, LevelName] = {**_ALWAYS, REFUSED: "MUST", STOPPED: "MUST"}


@dataclass(frozen=True)
class Operation:
    """One way of asking, of which many examples are made.

    Attributes:
        id: The case's id in reports.
        requirement: What has to hold for every example.
        method: The HTTP method.
        path: The contract's template.
        checks: What is looked at, each with how binding it is, in the order in which an example is judged.
        needs: What a target has to declare.
        share: Which part of the examples of the largest operation it gets.
    """

    id: str
    requirement: str
    method: str
    path: str
    checks: Mapping[str, LevelName]
    needs: frozenset[str] = frozenset()
    share: float = 0.25


CHAT = Operation(
    "fuzz.chat",
    "Any chat request that keeps the contract reaches the provider as it was sent, and its answer comes back as given.",
    "POST",
    "/v1/chat/completions",
    _PASSED,
    share=1.0,
)
CHAT_REFUSALS = Operation(
    "fuzz.chat-refusals",
    "A chat request that a proxy has to refuse gets a 400 or 422, and no provider hears of it.",
    "POST",
    "/v1/chat/completions",
    _REFUSED,
)
EMBEDDINGS = Operation(
    "fuzz.embeddings",
    "Any embeddings request that keeps the contract reaches the provider as it was sent, and the vectors come back.",
    "POST",
    "/v1/embeddings",
    {check: level for check, level in _PASSED.items() if check not in (GRAMMAR, MORE_ANSWER)},
    frozenset({"embeddings"}),
)
EMBEDDINGS_REFUSALS = Operation(
    "fuzz.embeddings-refusals",
    "An embeddings request that a proxy has to refuse gets a 400 or 422, and no provider hears of it.",
    "POST",
    "/v1/embeddings",
    _REFUSED,
    frozenset({"embeddings"}),
)
MODELS = Operation(
    "fuzz.models",
    "The list of models fits the contract, whatever harmless headers it is asked with.",
    "GET",
    "/v1/models",
    _ALWAYS,
)
ONE_MODEL = Operation(
    "fuzz.model",
    "A model that is asked for by any name is described, or answered with an error in OpenAI's shape.",
    "GET",
    "/v1/models/{model}",
    {**_ALWAYS, MODEL: "MUST"},
)
ROUTES = Operation(
    "fuzz.routes",
    "A wrong method or content type is refused with an error in OpenAI's shape.",
    "ANY",
    "/v1/…",
    {**_ALWAYS, ROUTE: "SHOULD"},
)

OPERATIONS: Mapping[str, Operation] = {
    one.id: one for one in (CHAT, CHAT_REFUSALS, EMBEDDINGS, EMBEDDINGS_REFUSALS, MODELS, ONE_MODEL, ROUTES)
}
"""Every one of which examples are made, by id, in the order in which they are run."""

WALK = Operation(
    "fuzz.walk",
    "After any sequence of requests, answered, failed or left, a target answers the next one, and mixes nothing up.",
    "ANY",
    "/v1/…",
    {WELL: "MUST", OWN: "MUST"},
    frozenset({"two_sided"}),
    share=0.06,
)

SEARCHES: Mapping[str, Operation] = {**OPERATIONS, WALK.id: WALK}
"""All that a run searches, by id, in its order."""
