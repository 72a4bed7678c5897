"""No case is broken by a gateway that says or asks something odd."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace

import pytest

from hopcheck import Findings, Target, expect
from hopcheck.gate.catalogue import all_cases, select
from tools.odd_gateways.odd_run import dealt, judge
from tools.odd_gateways.oddities import VALUES
from tools.odd_gateways.places import with_odd_value
from tools.odd_gateways.relays import odd_gateways


@pytest.mark.commands
def test_each_case_is_judged_on_an_odd_gateway() -> None:
    gateways, cases = list(odd_gateways()), select(all_cases().values(), ())
    found = asyncio.run(judge(dealt(gateways, cases)))
    assert found.faults == []
    assert found.verdicts > len(cases) // 2  # those in front of other providers run few operations


def test_a_case_that_breaks_is_a_fault() -> None:
    async def breaks(target: Target) -> Findings:
        answer = await target.chat.create()
        yield expect("text", answer.json["choices"][0]["message"]["content"], equals="hi")

    (case,) = (one for one in select(all_cases().values(), ("chat.schema",)) if one.operation == "chat")
    (gateway,) = (one for one in odd_gateways() if one.name == "says-odd-choices")
    found = asyncio.run(judge([(gateway, [replace(case, function=breaks)])]))
    assert len(found.faults) == 1
    assert "chat.schema[chat] is broken" in found.faults[0]


def test_an_odd_value_stands_at_one_place_and_leaves_the_mark() -> None:
    document = {"a": [1, {"b": "hopcheck:x"}], "c": None}
    draw = random.Random(1)
    made = {with_odd_value(json.dumps(document).encode(), b"7", draw, "hopcheck:") for _ in range(200)}
    assert len(made) > 6
    assert all(b"hopcheck:x" in one for one in made)
    assert len(VALUES) > 30
