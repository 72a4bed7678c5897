"""How many attempts a target may make for one request."""

from __future__ import annotations

import pytest

from hopcheck.client.config import Declares, Fallback
from hopcheck.engine.invariants.attempts import budget

PAIR = Fallback(primary="a", backup="b")
CHAIN = Fallback(primary="a", backup="b", further=("c", "d"))


@pytest.mark.parametrize(
    ("declares", "model", "allowed"),
    [
        (Declares(), "a", 1),
        (Declares(retries=2), "a", 3),
        (Declares(retries=1, timeout_retries=2), "a", 3),
        (Declares(retries=2, fallback=PAIR), "a", 6),
        (Declares(retries=2, fallback=PAIR), "b", 3),
        (Declares(retries=2, fallback=CHAIN), "a", 12),
        (Declares(fallback=PAIR, continues=True), "a", 3),
    ],
)
def test_what_is_declared_is_allowed(declares: Declares, model: str, allowed: int) -> None:
    assert budget("name at the provider", model, declares) == allowed
    assert budget(model, "", declares) == allowed
