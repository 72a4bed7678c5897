"""The profiles of clients: `profiles/<name>.toml`, one file a client."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from hopcheck.authoring.case import Case
from hopcheck.authoring.case_names import CasePattern

Effect = Literal["broken", "degraded"]


@dataclass(frozen=True)
class ClientNeed:
    """Something that a client depends on.

    Attributes:
        cases: The requirements, as patterns of ids.
        checks: What must hold on every exchange of the client's operations, by the checks' names.
        why: What goes wrong without it, as its user sees it.
        without: What the client is then.
    """

    cases: tuple[str, ...]
    checks: tuple[str, ...]
    why: str
    without: Effect


@dataclass(frozen=True)
class ClientProfile:
    """A client, and what it needs.

    Attributes:
        name: As command lines and reports have it.
        title: As its makers write it.
        tried: The version, and how its needs were found.
        operations: What it asks for.
        needs: The most important first.
    """

    name: str
    title: str
    tried: str
    operations: tuple[str, ...]
    needs: tuple[ClientNeed, ...]

    def need_of(self, case_id: str, operation: str) -> ClientNeed | None:
        """The need that a case on an operation is about; None if the client doesn't depend on it."""
        if operation not in self.operations:
            return None
        return next((need for need in self.needs if _matches(need.cases, case_id, operation)), None)

    def need_on_exchanges(self, check: str, operations: Iterable[str]) -> ClientNeed | None:
        """The need that a check of exchanges on these operations is about."""
        if not set(self.operations) & set(operations):
            return None
        return next((need for need in self.needs if check in need.checks), None)


def _matches(patterns: Iterable[str], case_id: str, operation: str) -> bool:
    return any(CasePattern.parse(pattern).matches(case_id, operation) for pattern in patterns)


@cache
def all_profiles() -> Mapping[str, ClientProfile]:
    """Every client's profile, by name."""
    found = (_read(entry.name.removesuffix(".toml"), entry.read_text("utf-8")) for entry in _files())
    return {profile.name: profile for profile in sorted(found, key=lambda one: one.name)}


def _files() -> Iterator[Any]:
    folder = files("hopcheck.report.client_profiles") / "profiles"
    return (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))


def _read(name: str, text: str) -> ClientProfile:
    document = tomllib.loads(text)
    needs = (_need(**entry) for entry in document["needs"])
    return ClientProfile(name, document["title"], document["tried"], tuple(document["operations"]), tuple(needs))


def _need(*, why: str, without: Effect, cases: Iterable[str] = (), checks: Iterable[str] = ()) -> ClientNeed:
    return ClientNeed(tuple(cases), tuple(checks), why, without)


def cases_of(names: Iterable[str], cases: Iterable[Case]) -> list[Case]:
    """Those of the cases, each on one operation, that any of these clients depends on."""
    profiles = [all_profiles()[name] for name in names]
    return [case for case in cases if any(one.need_of(case.id, case.operation) for one in profiles)]
