"""Where two JSON values differ, in words without varying parts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile, zip_longest
from typing import Any, NamedTuple

from hopcheck_contracts.violations import shown

_ABSENT: Any = object()

FREE_FORM = frozenset({"parameters", "schema", "metadata", "logit_bias", "input", "input_schema", "arguments"})
"""Members below which names are the client's own: a difference there is one of the whole."""


class ValueDifference(NamedTuple):
    """One place at which two values differ.

    Attributes:
        place: Names of members, `[]` for any item of a list: `messages[].content`.
        kind: `is missing`, `is added`, or `is changed`.
        detail: Both values, shortened.
    """

    place: str
    kind: str
    detail: str

    @property
    def cause(self) -> str:
        """Place and kind."""
        return f"{self.place} {self.kind}"

    @property
    def names(self) -> list[str]:
        """The names of the members that lead there."""
        return self.place.replace("[]", "").split(".")


def differences(wanted: Any, got: Any, place: str = "") -> Iterator[ValueDifference]:
    """Where two values differ.

    Numbers are compared by value (1e-7 is 0.0000001, 1.0 is 1, 9007199254740993 is not 9007199254740992.0). The order
    of an object's members is ignored, and a member that is null is as good as none.
    """
    if wanted is got:
        return
    if isinstance(wanted, Mapping) and isinstance(got, Mapping) and place.rpartition(".")[2] not in FREE_FORM:
        for key in dict.fromkeys((*wanted, *got)):
            yield from differences(_member(wanted, key), _member(got, key), f"{place}.{key}".lstrip("."))
    elif isinstance(wanted, list) and isinstance(got, list):
        for one, other in _aligned(wanted, got):
            yield from differences(one, other, f"{place}[]")
    elif not same(wanted, got):
        kind = "is missing" if got is _ABSENT else "is added" if wanted is _ABSENT else "is changed"
        yield ValueDifference(place, kind, f"{_shown(wanted)} became {_shown(got)}")


def _aligned(wanted: list[Any], got: list[Any]) -> Iterator[tuple[Any, Any]]:
    """The items of two lists that belong together: where one is longer, those that the same items end with."""
    kept = 0
    if len(wanted) != len(got):
        least = min(len(wanted), len(got))
        head = sum(1 for _ in takewhile(lambda pair: same(*pair), zip(wanted, got, strict=False)))
        tail = takewhile(lambda pair: same(*pair), zip(reversed(wanted), reversed(got), strict=False))
        kept = min(sum(1 for _ in tail), least - head)
    yield from zip_longest(wanted[: len(wanted) - kept], got[: len(got) - kept], fillvalue=_ABSENT)


def same(wanted: Any, got: Any) -> bool:
    """Whether two values are the same; to Python, true is 1, and NaN isn't NaN."""
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return wanted.keys() == got.keys() and all(same(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(same, wanted, got))
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    return bool(wanted == got or (wanted != wanted and got != got))


def _member(value: Mapping[str, Any], key: str) -> Any:
    found = value.get(key)
    return _ABSENT if found is None else found


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else shown(value)
