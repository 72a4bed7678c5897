"""The recorded interactions as they are played: each once, in their order, to whoever asks the same.

A request that holds a marker is answered from its case's cassette alone; one without (a model list, say) from any cassette.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hopcheck.cassettes import Canonical, Cassette, Interaction, JournalEntry, canonical
from hopcheck_server.upstream.script.marker import Marker, find_marker


@dataclass(eq=False, slots=True)
class PlayableInteraction:
    """A recorded interaction.

    Attributes:
        case: Whose cassette it is on.
        number: Which interaction of its cassette it is, from 1.
        interaction: What was recorded.
        entries: What LiteLLM then did at the provider.
        key: What a request must be like to be answered with it.
        marker: The request's marker, or "".
        played: How often it has been played.
    """

    case: str
    number: int
    interaction: Interaction
    entries: tuple[JournalEntry, ...]
    key: Canonical
    marker: str
    played: int = 0

    @property
    def left(self) -> bool:
        """Whether it may be played again."""
        return self.interaction.repeat == "*" or self.played < self.interaction.repeat

    @property
    def counts(self) -> bool:
        """Whether it must be played: not if it may be asked for at will, or LiteLLM refused without a provider."""
        response = self.interaction.response
        refused = not self.entries and response is not None and response.status >= 400
        return self.interaction.repeat != "*" and not refused

    @property
    def name(self) -> str:
        """What it is called in messages."""
        request = self.interaction.request
        return f"{self.case} #{self.number} ({request.method} {request.path})"

    @property
    def released_us(self) -> int | None:
        """When the case let go of what the provider left hanging, on the interaction's clock; None if it didn't."""
        began = self.interaction.wire.at_us
        released = [one for one in self.entries if one.ended == "released"]
        return min((one.at_us + (one.ended_us or 0) for one in released), default=began) - began if released else None


@dataclass
class CassetteIndex:
    """All cards.

    Attributes:
        marked: By case, those whose requests hold a marker.
        free: The others.
    """

    marked: dict[str, list[PlayableInteraction]] = field(default_factory=dict)
    free: list[PlayableInteraction] = field(default_factory=list)

    @classmethod
    def of(cls, cassettes: Mapping[str, Cassette]) -> CassetteIndex:
        """Lay out cassettes."""
        deck = cls()
        for case, cassette in cassettes.items():
            for card in _cards(cassette):
                home = deck.marked.setdefault(case, []) if card.marker else deck.free
                home.append(card)
        return deck

    def cards(self, case: str) -> list[PlayableInteraction]:
        """Every card of a case."""
        return [*self.marked.get(case, ()), *(card for card in self.free if card.case == case)]

    def candidates(self, marker: str) -> list[PlayableInteraction]:
        """The cards that a request with this marker (or "") may be answered with."""
        return self.marked.get(case_of(marker), []) if marker else self.free

    def draw(self, key: Canonical, marker: str) -> PlayableInteraction | None:
        """The next card for a request, or None; it counts as played."""
        card = next((one for one in self.candidates(marker) if one.key == key and one.left), None)
        if card is not None:
            card.played += 1
        return card

    def rewind(self, marker: str) -> None:
        """Let a marker's cards be played again from the first."""
        for card in self.candidates(marker):
            if card.marker == marker:
                card.played = 0


def case_of(marker: str) -> str:
    """The case whose marker it is."""
    return Marker.parse(marker).case if marker else ""


def key_of(method: str, path: str, body: bytes) -> tuple[Canonical, str]:
    """What a request is like, and its marker."""
    return canonical(method, path, body), find_marker(body)


def _cards(cassette: Cassette) -> Iterable[PlayableInteraction]:
    caused = _caused(cassette)
    for number, one in enumerate(cassette.interactions, start=1):
        key, marker = key_of(one.request.method, one.request.path, one.request.body)
        yield PlayableInteraction(cassette.case, number, one, tuple(caused[number]), key, marker)


def _caused(cassette: Cassette) -> dict[int, list[JournalEntry]]:
    """By the number of the interaction: the attempts at the provider that it brought about."""
    numbered = list(enumerate(cassette.interactions, start=1))
    caused: dict[int, list[JournalEntry]] = {number: [] for number, _ in numbered}
    for entry in cassette.journal:
        same = [(number, one) for number, one in numbered if one.request.marker == entry.marker]
        before = [number for number, one in same if one.wire.at_us <= entry.at_us]
        if same:
            caused[before[-1] if before else same[0][0]].append(entry)
    return caused
