"""What the contracts say of a relay, by a case that says nothing itself."""

from __future__ import annotations

from typing import Any

import pytest

from hopcheck import Relay
from tests.conformance.engine.contract_judgement import Judged, asking, contract


@pytest.fixture
def judged(case, bench):
    """Judge a relay by a case that says nothing itself; gives what the contracts say."""

    def judge(relay: type[Relay], turn: Any = None, *, level: str = "MUST", **asked: Any) -> Judged:
        one = case("chat.one", level=level, refs=["a"], upstream=turn)(asking(**asked))
        return contract(bench.judge([one], relay)["chat.one"])

    return judge
