"""Where two JSON values differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any

from hopcheck_contracts.violations import shown

MAX_DIFFERENCES = 4
"""Differences listed at most."""

_ABSENT: Any = object()


def differences(wanted: Any, got: Any, *, more: bool = False) -> list[str]:
    """Where two values differ; empty if they are equal.

    Numbers are compared by value (1e-7 is 0.0000001, 1.0 is 1, 9007199254740993 is not 9007199254740992.0). The order
    of an object's members is ignored.

    Args:
        wanted: The expected value.
        got: The actual value.
        more: Whether objects may have more members than expected.
    """
    return list(islice(_differences(wanted, got, "", more=more), MAX_DIFFERENCES))


def _differences(wanted: Any, got: Any, where: str, *, more: bool) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        for key in wanted if more else dict.fromkeys((*wanted, *got)):
            pair = wanted.get(key, _ABSENT), got.get(key, _ABSENT)
            yield from _differences(*pair, f"{where}.{key}".lstrip("."), more=more)
    elif isinstance(wanted, list) and isinstance(got, list):
        for place, pair in enumerate(zip_longest(wanted, got, fillvalue=_ABSENT)):
            yield from _differences(*pair, f"{where}[{place}]", more=more)
    elif not _same(wanted, got):
        yield f"{where or 'all of it'}: {_shown(wanted)} became {_shown(got)}"


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    return bool(wanted == got)


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else shown(value)


def without_nothing(value: Any) -> Any:
    """A value without the members of objects that are null or an empty list."""
    if isinstance(value, Mapping):
        return {key: without_nothing(one) for key, one in value.items() if one is not None and one != []}
    return [without_nothing(one) for one in value] if isinstance(value, list) else value


def only(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """Those members of an object; none where it isn't one."""
    return {name: value[name] for name in names if name in value} if isinstance(value, Mapping) else {}
