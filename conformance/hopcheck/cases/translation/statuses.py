"""Errors by which a provider refuses, in its dialect's form."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    Target,
    TranslatingRelay,
    case,
    dig,
    expect,
    reply,
)

WORDS = "The request exceeds the maximum size."


class ChangesStatus(TranslatingRelay):
    """Statuses of errors are changed."""

    statuses: ClassVar[Mapping[int, int]]

    def to_status(self, status: int) -> int:
        return self.statuses.get(status, status)


@case(
    "translation.too-large",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["RFC 9110 15.5.14", "anthropic: request_too_large"],
    upstream=reply.status(413, {"message": WORDS}),
)
async def too_large(target: Target, ask: Operation) -> Findings:
    """A request that is too large for its provider is refused as such: 413, with the provider's words."""
    response = await ask()
    yield expect("status", response.status, equals=413)
    yield expect("provider's words", str(dig(response.error, "message")), contains=WORDS, level="SHOULD")


@too_large.mutant(killed_by="status")
class KnowsBadRequestsOnly(ChangesStatus):
    """Every refusal that isn't known is a bad request."""

    statuses = MappingProxyType({413: 400})


@too_large.mutant(killed_by="provider's words", trips=("translation.context-exceeded",))
class ReadsOpenAIsErrorsOnly(TranslatingRelay):
    """An error of another form than OpenAI's has no message."""

    def to_error(self, body: dict[str, Any], status: int) -> dict[str, Any]:
        return {}


@case(
    "translation.overloaded",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["anthropic: overloaded_error 529", "RFC 9110 15.6.4"],
    isolation="cooldown",
    upstream={
        "529": reply.status(529, {"message": "Overloaded"}),
        "503": reply.status(503, {"message": "Overloaded"}),
    },
)
async def overloaded(target: Target, ask: Operation) -> Findings:
    """A provider that is overloaded differs from one that failed: 529 stays so or is 503, and 503 stays so."""
    found = {script: (await ask(script=script)).status for script in ("529", "503")}
    yield expect("status of a 529", found["529"], one_of=[529, 503])
    yield expect("status of a 503", found["503"], one_of=[503, 529])


@overloaded.mutant(killed_by="status of a 529")
class KnowsNo529(ChangesStatus):
    """A status that HTTP doesn't have is an internal error."""

    statuses = MappingProxyType({529: 500})


@overloaded.mutant(killed_by="status of a 503")
class FailsInsteadOfWaiting(ChangesStatus):
    """An unavailable provider is an internal error."""

    statuses = MappingProxyType({503: 500})
