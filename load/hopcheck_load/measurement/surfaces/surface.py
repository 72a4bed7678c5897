"""What a surface is: how a request is written for it, and what an event of its streams says."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from hopcheck_contracts.sse import Event
from hopcheck_load.measurement.surfaces.prompt import Prompt

Json = dict[str, Any]


class EventContent(NamedTuple):
    """What an event says.

    Attributes:
        text: The next piece of the response's text, or "".
        whole: The response's whole text so far, where an event repeats it.
        finishes: Whether it says that the text is complete, as the upstream's script ends it.
        ends: Whether it ends the stream.
    """

    text: str = ""
    whole: str | None = None
    finishes: bool = False
    ends: bool = False


NOTHING = EventContent()


class Surface(ABC):
    """One of the APIs that clients of gateways have.

    Attributes:
        name: Its name.
        label: What people call it.
        path: Its path below the base URL.
        headers: The header lines of its own.
        text_key: The key of each piece of text in an event.
        finish: Finds events that finish (see `EventContent`).
        end: Finds events that end the stream.
        repeats: How often the upstream's stream repeats the whole text after its pieces.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    path: ClassVar[str]
    headers: ClassVar[tuple[str, ...]] = ()
    text_key: ClassVar[bytes]
    finish: ClassVar[re.Pattern[bytes]]
    end: ClassVar[re.Pattern[bytes]]
    repeats: ClassVar[int] = 0

    @abstractmethod
    def body(self, model: str, prompt: Prompt) -> Json:
        """Return the body of a request, without what asks for a stream."""

    @abstractmethod
    def content(self, event: Event) -> EventContent:
        """Return what an event says."""
