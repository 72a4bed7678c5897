"""The recorded interactions by the requests that they answer: each is played once, in the order of the recording.

A request with a marker is answered from the cassette of its case, operation and provider alone; one without a marker (a
model list, say) from any cassette. Probes have random nonces, which name no provider: so those of all providers are
together, and differ by their models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hopcheck.cassettes import Canonical, Cassette, Interaction, JournalEntry, canonical, cassette_name
from hopcheck.client.providers.nonces import provider_of
from hopcheck_server.upstream.script.marker import Marker, find_marker


@dataclass(eq=False, slots=True)
class PlayableInteraction:
    """A recorded interaction that the replay can play.

    Attributes:
        cassette: The name of its cassette.
        number: Its number on the cassette, from 1.
        interaction: The recorded request and response.
        entries: LiteLLM's attempts at the provider because of it.
        key: The canonical request that it answers.
        marker: The request's marker, or "".
        played: How often it has been played.
    """

    cassette: str
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
    def is_required(self) -> bool:
        """Whether a run must play it: not if it may be played any number of times, or LiteLLM refused by itself."""
        response = self.interaction.response
        refused = not self.entries and response is not None and response.status >= 400
        return self.interaction.repeat != "*" and not refused

    @property
    def name(self) -> str:
        """Its name in messages."""
        request = self.interaction.request
        return f"{self.cassette} #{self.number} ({request.method} {request.path})"

    @property
    def released_us(self) -> int | None:
        """When the case released what the provider held, on the interaction's clock; None if it didn't."""
        began = self.interaction.delivery.at_us
        released = [one for one in self.entries if one.ended == "released"]
        return min((one.at_us + (one.ended_us or 0) for one in released), default=began) - began if released else None


@dataclass
class CassetteIndex:
    """All recorded interactions.

    Attributes:
        cassettes: By the name of the cassette.
        marked: Those whose requests hold a marker, by the name of the cassette that it stands for.
        unmarked: The others.
    """

    cassettes: dict[str, list[PlayableInteraction]] = field(default_factory=dict)
    marked: dict[str, list[PlayableInteraction]] = field(default_factory=dict)
    unmarked: list[PlayableInteraction] = field(default_factory=list)

    @classmethod
    def of(cls, cassettes: Mapping[str, Cassette]) -> CassetteIndex:
        """Index cassettes, given by their names."""
        index = cls()
        for name, cassette in cassettes.items():
            index.cassettes[name] = list(_playable(cassette))
            for one in index.cassettes[name]:
                (index.marked.setdefault(cassette_of(one.marker), []) if one.marker else index.unmarked).append(one)
        return index

    def of_cassette(self, name: str) -> list[PlayableInteraction]:
        """Every interaction of a cassette."""
        return self.cassettes.get(name, [])

    def candidates(self, marker: str) -> list[PlayableInteraction]:
        """The interactions that may answer a request with this marker (or "")."""
        return self.marked.get(cassette_of(marker), []) if marker else self.unmarked

    def take(self, key: Canonical, marker: str) -> PlayableInteraction | None:
        """The next interaction that answers a request, or None; it counts as played."""
        found = next((one for one in self.candidates(marker) if one.key == key and one.left), None)
        if found is not None:
            found.played += 1
        return found

    def rewind(self, marker: str) -> None:
        """Let a marker's interactions be played again from the first."""
        for one in self.candidates(marker):
            if one.marker == marker:
                one.played = 0


def cassette_of(marker: str) -> str:
    """The name of the cassette that answers requests with this marker."""
    if not marker:
        return ""
    parsed = Marker.parse(marker)
    return cassette_name(parsed.case, parsed.operation, provider_of(parsed.nonce))


def key_of(method: str, path: str, body: bytes) -> tuple[Canonical, str]:
    """The canonical form of a request, and its marker."""
    return canonical(method, path, body), find_marker(body)


def _playable(cassette: Cassette) -> Iterable[PlayableInteraction]:
    caused = _caused(cassette)
    for number, one in enumerate(cassette.interactions, start=1):
        key, marker = key_of(one.request.method, one.request.path, one.request.body)
        yield PlayableInteraction(cassette.name, number, one, tuple(caused[number]), key, marker)


def _caused(cassette: Cassette) -> dict[int, list[JournalEntry]]:
    """The attempts at the provider that each interaction caused, by its number."""
    numbered = list(enumerate(cassette.interactions, start=1))
    caused: dict[int, list[JournalEntry]] = {number: [] for number, _ in numbered}
    for entry in cassette.journal:
        same = [(number, one) for number, one in numbered if one.request.marker == entry.marker]
        before = [number for number, one in same if one.delivery.at_us <= entry.at_us]
        if same:
            caused[before[-1] if before else same[0][0]].append(entry)
    return caused
