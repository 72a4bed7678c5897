"""What is mutated, and which tests are to notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MutatedPart:
    """A part of hopcheck.

    Attributes:
        name: For the command line.
        source: A folder or a file.
        tests: Those that are about it.
    """

    name: str
    source: str
    tests: tuple[str, ...]


PARTS = (
    MutatedPart("contracts", "contracts/hopcheck_contracts", ("tests/contracts",)),
    MutatedPart("engine", "conformance/hopcheck/engine", ("tests/conformance/engine",)),
    MutatedPart("gate", "conformance/hopcheck/gate", ("tests/conformance/gate",)),
    MutatedPart(
        "baseline",
        "conformance/hopcheck/report/baseline",
        tuple(f"tests/conformance/report/test_{name}.py" for name in ("baseline", "cause_baseline", "migration")),
    ),
    MutatedPart(
        "redaction", "conformance/hopcheck/report/redaction.py", ("tests/conformance/report/test_redaction.py",)
    ),
    MutatedPart("stats", "load/hopcheck_load/stats", ("tests/load/stats",)),
)

LEFT_OUT = (
    r"core/RemoveDecorator",  # a cache that is gone is slower, and a dataclass without slots larger
    r"core/ReplaceBinaryOperator_BitOr_.*",  # nearly all of them are in annotations, which nobody evaluates
)
"""Operators whose mutants do the same as the source, as a rule."""
