"""Mutants: relays with one fault, each of which one check must kill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from hopcheck.authoring.mistakes import place_of
from hopcheck_server.relay import Relay

RelayClass = TypeVar("RelayClass", bound=type[Relay])


@dataclass(frozen=True)
class Mutant:
    """A relay with one fault, and the check that must kill it.

    Attributes:
        name: The relay class's name.
        story: Its docstring's first line: what is wrong with it.
        relay: The relay class.
        killed_by: The name of the check that must fail; those made before it must hold.
        trips: Ids or patterns of other cases that may fail on it, too.
        on: The operations on which it is wrong; empty for all that its case is asked on.
        also: Checks of its case that are made before that one, and may fail, too.
        everywhere: Whether it is wrong on all of them at once, as what it mixes up belongs to several.
    """

    name: str
    story: str
    relay: type[Relay]
    killed_by: str
    trips: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    everywhere: bool = False

    def is_wrong_on(self, operation: str) -> bool:
        """Whether its case must kill it on that operation."""
        return not self.on or operation in self.on

    @property
    def place(self) -> str:
        """`file:line` of the relay class."""
        return place_of(self.relay)


def require_relay(relay: type[Relay]) -> str:
    """The story of a relay class that is to be a mutant: its docstring's first line.

    Raises:
        ValueError: The class is no relay, or has no docstring.
    """
    if not (isinstance(relay, type) and issubclass(relay, Relay)):
        raise ValueError(f"the mutant {getattr(relay, '__name__', relay)!r} must be a class that inherits from Relay")
    story = first_line(relay)
    if not story or relay.__doc__ == Relay.__doc__:
        raise ValueError(f"the mutant {relay.__name__} needs a docstring that says what is wrong with it")
    return story


def first_line(thing: Any) -> str:
    """The first line of a docstring; "" if there is none."""
    lines = (thing.__doc__ or "").strip().splitlines()
    return lines[0].strip() if lines else ""
