"""Writes docs/left-out.md: on which operations cases are not asked, and why.

python -m tools.left_out > docs/left-out.md
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from hopcheck.authoring.case import Case
from hopcheck.authoring.left_out import reasons_left_out
from hopcheck.client.operations import OPERATIONS
from hopcheck.gate.catalogue import all_cases

HEAD = """# Where cases are not asked

A case is asked on every operation on which its question makes sense. The others have a reason each. This page is
written by `python -m tools.left_out`, and a test compares it; `hopcheck cases ID` says the same of one case.

| operation | cases asked |
|---|---|
"""


def page(cases: Iterable[Case]) -> str:
    """The page, as Markdown."""
    listed = list(cases)
    counts = (f"| `{name}` | {sum(name in case.operations for case in listed)} |\n" for name in OPERATIONS)
    return "".join([HEAD, *counts, *_sections(listed)])


def _sections(cases: list[Case]) -> Iterator[str]:
    """A section for each reason: the operations that are left out, and the cases."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        by_reason: dict[str, list[str]] = defaultdict(list)
        for operation, reason in reasons_left_out(case).items():
            by_reason[reason].append(operation)
        for reason, operations in by_reason.items():
            found[reason][", ".join(operations)].append(case.id)
    for reason, rows in sorted(found.items()):
        yield f"\n## {reason[0].upper()}{reason[1:]}\n\n| not on | cases |\n|---|---|\n"
        yield from (f"| {operations} | {', '.join(ids)} |\n" for operations, ids in sorted(rows.items()))


if __name__ == "__main__":
    print(page(all_cases().values()), end="")
