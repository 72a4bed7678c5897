"""The model that an answer of a fallback names."""

from typing import Any

from hopcheck import (
    GENERATING,
    EditsObjects,
    Findings,
    Operation,
    Target,
    case,
    expect,
    incoming,
)
from hopcheck.cases.fallback.taken import FAULTS


@case(
    "fallback.reported-model",
    level="SHOULD",
    on=GENERATING,
    refs=["failoverbench S16"],
    upstream=FAULTS["500"],
    needs=["fallback"],
)
async def reported_model(target: Target, ask: Operation) -> Findings:
    """After a fallback, the answer names the model that gave it."""
    fallback = target.declares.fallback
    assert fallback is not None
    answer = await ask(model=fallback.primary)
    answered = (await target.forwarded(answer)).model
    yield expect("model", answer.model, one_of=[fallback.backup, answered])


@reported_model.mutant(killed_by="model", trips=("chat.model-echo", "stream.*"))
class NamesWhatWasAsked(EditsObjects):
    """A response names the model of its request, even after a fallback."""

    def edit(self, content: dict[str, Any]) -> None:
        if "model" in content and incoming().model:
            content["model"] = incoming().model
