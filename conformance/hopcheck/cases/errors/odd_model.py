"""Models whose names are made of anything."""

from hopcheck import (
    FORWARDED,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    refuse,
)

NAMES = {"not ASCII": "modèle-模型", "a path": "../../etc/passwd", "long": "m" * 5000, "null byte": "a\x00b",
         "format": "%s-{0}-${x}", "quotes": "o'model\"", "new line": "a\nb", "emoji": "🦜"}  # fmt: skip


@case("errors.odd-model", level="MUST", on=FORWARDED, refs=["OAI model_not_found"], needs=["parses"])
async def odd_model(target: Target, ask: Operation) -> Findings:
    """An unknown model is refused whatever its name is made of: as another client's mistake, never as a crash."""
    answers = {name: await ask(model=model) for name, model in NAMES.items()}
    statuses = {name: answer.status for name, answer in answers.items()}
    others = {name: answer for name, answer in answers.items() if (answer.status or 0) // 100 != 4}
    # SHOULD where it is left to the provider what models there are.
    relayed = bool(others) and all([await target.relayed(answer) for answer in others.values()])
    yield expect("statuses", statuses, holds=not others, to="a 4xx for each", level="SHOULD" if relayed else None)


@odd_model.mutant(killed_by="statuses")
class CrashesOnModels(Relay):
    """A model's name is written to a log that takes ASCII only."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if not incoming.model.isascii():
            return refuse(incoming, 500, "UnicodeEncodeError: 'ascii' codec can't encode character")
        return await super().check(incoming)
