"""The names of cases on operations, `errors.shape[chat.stream]`, and the patterns that select them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self


def case_key(case_id: str, operation: str) -> str:
    """The name of a case on one operation, in reports and on command lines: `errors.shape[chat.stream]`."""
    return f"{case_id}[{operation}]"


def without_provider(key: str) -> tuple[str, str]:
    """The name of a case on an operation, and the provider that stood in it: `errors.shape[chat@anthropic]`."""
    name, _, provider = key.removesuffix("]").partition("@")
    return (f"{name}]", provider) if provider else (key, "")


@dataclass(frozen=True, slots=True)
class CasePattern:
    """What selects cases: `errors.*`, `errors.shape[chat.stream]`, `*[embeddings]`.

    Attributes:
        case: A pattern of ids.
        operation: A pattern of operations.
    """

    case: str
    operation: str = "*"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern; brackets at its end hold the operation, and others are characters of the id's pattern."""
        case, bracket, operation = text.removesuffix("]").rpartition("[")
        return cls(case, operation) if bracket and text.endswith("]") and case else cls(text)

    def matches(self, case_id: str, operation: str) -> bool:
        """Whether it selects a case on that operation."""
        return fnmatchcase(case_id, self.case) and fnmatchcase(operation, self.operation)
