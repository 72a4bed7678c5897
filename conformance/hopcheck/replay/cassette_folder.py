"""A folder of cassettes, and what of it a run plays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hopcheck.authoring.case import Case
from hopcheck.cassettes import Cassette, MalformedCassette, cassette_name, load_all
from hopcheck.cassettes.canonical import PROBES
from hopcheck.cassettes.store import read_live_only
from hopcheck.gate.unfit import Unfit
from hopcheck.replay.live_only import cassette_of_case


@dataclass(frozen=True)
class CassetteFolder:
    """A folder of cassettes.

    Attributes:
        folder: Where they are.
        cassettes: By name.
        unrecorded: The cassettes that couldn't be recorded, with the reasons.
    """

    folder: Path
    cassettes: Mapping[str, Cassette]
    unrecorded: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path, known: Mapping[str, Case]) -> CassetteFolder:
        """Read a folder.

        Raises:
            Unfit: It holds none, or some that can't be played.
        """
        try:
            cassettes = load_all(folder)
            unrecorded = read_live_only(folder)
        except (MalformedCassette, OSError, ValueError) as error:
            raise Unfit(f"the cassettes can't be played: {error}") from None
        if not cassettes:
            raise Unfit(f"there are no cassettes in {folder}; `hopcheck record` makes some.")
        names = {cassette_of_case(one) for case in known.values() for one in case.on_each()}
        unknown = sorted(
            name
            for name, one in cassettes.items()
            if cassette_name(one.case, one.operation) not in names and one.case not in PROBES
        )
        if unknown:
            raise Unfit(f"{folder / unknown[0]}.yaml is the cassette of no case. Remove it, or record anew.")
        return cls(folder, cassettes, unrecorded)

    def of_providers(self, providers: Collection[str]) -> CassetteFolder:
        """The cassettes of a run that asks the models of these providers, or the target's own if there are none.

        The target's own model is asked in any case, by a probe.

        Raises:
            Unfit: There are none of one of them.
        """
        asked = providers or ("",)
        played = {
            name: one
            for name, one in self.cassettes.items()
            if one.provider in asked or (one.case in PROBES and not one.provider)
        }
        lacking = [name for name in providers if all(one.provider != name for one in played.values())]
        if lacking:
            how = f"`hopcheck record --provider {lacking[0]}` makes some"
            raise Unfit(f"there are no cassettes of {lacking[0]} in {self.folder}; {how}.")
        return replace(self, cassettes=played)

    def recorded(self, cases: Sequence[Case], providers: Collection[str]) -> Sequence[Case]:
        """The cases to run with the models of providers: those that were recorded, or couldn't be, with one of them.

        A folder may have some cases alone behind a provider. Without providers, it's all of them.
        """
        known = self.cassettes.keys() | self.unrecorded.keys()
        return [
            case
            for case in cases
            if not providers or any(cassette_of_case(case, provider) in known for provider in providers)
        ]

    @property
    def versions(self) -> list[str]:
        """The versions of LiteLLM that were recorded."""
        return sorted({cassette.provenance.litellm for cassette in self.cassettes.values()})
