"""The names of a case's checks, read from its source, to find mutants that name none of them before anything runs."""

from __future__ import annotations

import ast
import inspect
import textwrap

from hopcheck.authoring.case import Case
from hopcheck.authoring.mistakes import suggestion


def unknown_checks(case: Case) -> list[str]:
    """A sentence for each mutant whose `killed_by` is no check of its case; none if a check's name is computed."""
    known = literal_checks(case)
    return [
        f"{mutant.place}: {case.function.__name__} makes no check {mutant.killed_by!r}, which is to kill {mutant.name}"
        + suggestion(mutant.killed_by, known)
        for mutant in case.mutants
        if known and mutant.killed_by not in known and not mutant.killed_by.startswith("contract.")
    ]


def literal_checks(case: Case) -> set[str]:
    """The names of the checks, if every finding that the case yields is an `expect` with a literal name; else none."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(case.function)))
    yielded = [node.value for node in ast.walk(tree) if isinstance(node, ast.Yield)]
    names = [_literal_name(value) for value in yielded]
    return {name for name in names if name is not None} if None not in names else set()


def _literal_name(value: ast.expr | None) -> str | None:
    match value:
        case ast.Call(func=ast.Name(id="expect"), args=[ast.Constant(value=str(name)), *_]):
            return name
        case _:
            return None
