"""Answers of a provider that are longer or shorter than they say."""

from hopcheck import Findings, Target, case, dig, reply
from hopcheck.cases.chat.broken_answers import OTHERS, TRIPS, PassesItOn, Relays, ShowsThePage, asked, statuses

WRONG_LENGTHS = {
    "too-long": reply.chat("Hello.", content_length=9999),
    "too-short": reply.chat("Hello.", content_length=60),
}


@case(
    "chat.content-length-mismatch",
    level="MUST",
    needs=["parses"],
    refs=["envoyproxy/ai-gateway#1091", "RFC 9112 8"],
    upstream=WRONG_LENGTHS,
    trips_on=OTHERS,
)
async def content_length_mismatch(target: Target) -> Findings:
    """A provider's answer that isn't as long as it says becomes an error of the 500s, never a 200 with a part of it.

    What is longer than it says is whole to HTTP: where that much is passed on as it came, an error is a SHOULD.
    """
    answers = await asked(target, WRONG_LENGTHS)
    broken = {name: answer for name, answer in answers.items() if dig(answer.message, "content") != "Hello."}
    async for finding in statuses(target, broken):
        yield finding


content_length_mismatch.mutant(killed_by="statuses", trips=TRIPS)(PassesItOn)
content_length_mismatch.mutant(killed_by="passed on as they came", trips=TRIPS)(Relays)
content_length_mismatch.mutant(killed_by="contract.response", trips=TRIPS)(ShowsThePage)
