"""Token counts of a scripted response, apart from the form in which a dialect reports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counts that don't overlap, other than that reasoning is a part of the output.

    Attributes:
        input: Input tokens that no cache was involved in.
        cached_read: Input tokens that were read from a cache.
        cached_written: Input tokens that were written to one.
        cached_for_hour: Those of them that it keeps for an hour, and not for five minutes.
        output: Output tokens, reasoning included.
        reasoning: Output tokens of reasoning.
    """

    input: int = 0
    cached_read: int = 0
    cached_written: int = 0
    cached_for_hour: int = 0
    output: int = 0
    reasoning: int = 0

    @classmethod
    def read(cls, usage: Mapping[str, Any]) -> Self:
        """Read a usage object of OpenAI's chat completions; what it lacks counts as none."""
        prompt, completion = _details(usage, "prompt_tokens_details"), _details(usage, "completion_tokens_details")
        read, written = _count(prompt, "cached_tokens"), _count(prompt, "cache_write_tokens")
        return cls(
            input=max(_count(usage, "prompt_tokens") - read - written, 0),
            cached_read=read,
            cached_written=written,
            cached_for_hour=_count(prompt, "cache_write_1h_tokens"),
            output=_count(usage, "completion_tokens"),
            reasoning=_count(completion, "reasoning_tokens"),
        )

    @property
    def all_input(self) -> int:
        """All input tokens, cached ones included."""
        return self.input + self.cached_read + self.cached_written


def adds_up(usage: Mapping[str, Any]) -> bool:
    """Whether a usage object's total, if it has one, is the sum of its input and its output."""
    parts = _count(usage, "prompt_tokens") + _count(usage, "completion_tokens")
    return usage.get("total_tokens") in (None, parts)


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    details = usage.get(name)
    return details if isinstance(details, dict) else {}


def _count(counts: Mapping[str, Any], name: str) -> int:
    count = counts.get(name)
    return count if type(count) is int else 0
