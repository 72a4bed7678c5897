"""Reading decoded JSON."""

from hopcheck.client import without_additions
from  import JSON


def test_members_a_gateway_adds_are_left_out_and_changes_stay() -> None:
    wanted: JSON = [{"type": "refusal", "refusal": "No."}]
    assert without_additions([{"type": "refusal", "refusal": "No.", "id": None}], wanted) == wanted
    assert without_additions([{"type": "refusal", "refusal": "Yes."}], wanted) != wanted
    assert without_additions([{"type": "refusal"}], wanted) != wanted


def test_a_list_of_another_length_stays_as_it_is() -> None:
    assert without_additions([{"a": 1, "b": 2}, {}], [{"a": 1}]) == [{"a": 1, "b": 2}, {}]
