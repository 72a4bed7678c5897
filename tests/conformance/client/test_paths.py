"""Reading decoded JSON."""

from hopcheck.client import without_additions

WANTED = [{"type": "refusal", "refusal": "No."}]


def test_members_a_gateway_adds_are_left_out_and_changes_stay() -> None:
    assert without_additions([{"type": "refusal", "refusal": "No.", "id": None}], WANTED) == WANTED
    assert without_additions([{"type": "refusal", "refusal": "Yes."}], WANTED) != WANTED
    assert without_additions([{"type": "refusal"}], WANTED) != WANTED


def test_a_list_of_another_length_stays_as_it_is() -> None:
    assert without_additions([{"a": 1, "b": 2}, {}], [{"a": 1}]) == [{"a": 1, "b": 2}, {}]
