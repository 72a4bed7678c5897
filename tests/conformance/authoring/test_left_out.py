"""Every case says why it is not asked on an operation that it leaves out."""

from __future__ import annotations

import pytest

from hopcheck import FORWARDED, GENERATING, ON_CHAT, ON_MESSAGES, ON_RESPONSES
from hopcheck.authoring.left_out import (
    COUNTS_ONLY,
    GENERATES_NOTHING,
    NO_PROVIDER,
    OTHER_SURFACE,
    reasons_left_out,
)
from hopcheck.gate.catalogue import all_cases


@pytest.mark.parametrize("case_id", all_cases())
def test_a_case_gives_a_reason_for_each_operation_it_leaves_out(case_id: str) -> None:
    assert [name for name, reason in reasons_left_out(all_cases()[case_id]).items() if not reason] == []


def test_groups_of_operations_are_reasons(case) -> None:
    def made(case_id: str, **options):
        @case(case_id, level="MUST", refs=["a"], **options)
        async def function(target):
            """An answer comes."""
            yield

        return function

    assert reasons_left_out(made("errors.one", on=FORWARDED)) == {"models": NO_PROVIDER, "count_tokens": COUNTS_ONLY}
    assert reasons_left_out(made("errors.five", on=ON_CHAT)) == {
        "embeddings": GENERATES_NOTHING,
        "models": NO_PROVIDER,
        **dict.fromkeys((*ON_MESSAGES, *ON_RESPONSES), OTHER_SURFACE),
        "count_tokens": GENERATES_NOTHING,
    }
    assert reasons_left_out(made("errors.two", on=GENERATING)) == {
        "embeddings": GENERATES_NOTHING,
        "models": NO_PROVIDER,
        "count_tokens": GENERATES_NOTHING,
    }
    assert reasons_left_out(made("errors.three", on="chat"))["chat.stream"] == ""
    assert reasons_left_out(made("errors.four", on="chat", because="so it is"))["chat.stream"] == "so it is"
