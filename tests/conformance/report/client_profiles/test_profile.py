"""Clients' profiles: each names cases and checks that there are, and what its user sees."""

from __future__ import annotations

import pytest

from hopcheck.authoring.case_names import CasePattern
from hopcheck.client.operations import OPERATIONS
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.report.causes import INVARIANTS
from hopcheck.report.client_profiles.profile import ClientProfile, all_profiles, cases_of

PROFILES = all_profiles()
profiles = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


def test_the_clients_that_users_name() -> None:
    assert list(PROFILES) == ["anthropic-python", "claude-code", "codex", "openai-js", "openai-python", "opencode"]


@profiles
def test_every_pattern_selects_something(profile: ClientProfile) -> None:
    assert set(profile.operations) <= OPERATIONS.keys()
    asked = [case for case in select(all_cases().values()) if case.operation in profile.operations]
    lost = [
        pattern
        for need in profile.needs
        for pattern in need.cases
        if not any(CasePattern.parse(pattern).matches(case.id, case.operation) for case in asked)
    ]
    assert lost == []


@profiles
def test_its_needs(profile: ClientProfile) -> None:
    assert {check for need in profile.needs for check in need.checks} <= INVARIANTS.keys()
    assert all(need.without in ("broken", "degraded") and need.why.endswith(".") for need in profile.needs)
    patterns = [pattern for need in profile.needs for pattern in need.cases]
    assert len(set(patterns)) == len(patterns)
    assert any(need.without == "broken" for need in profile.needs)
    assert profile.tried


def test_the_cases_of_a_client() -> None:
    cases = select(all_cases().values())
    chosen = {case.key for case in cases_of(["claude-code"], cases)}
    assert {"messages.broken-stream[messages.stream]", "messages.key-header[messages]"} <= chosen
    assert not any("[chat" in key or key.startswith("models.") for key in chosen)
    both = {case.key for case in cases_of(["claude-code", "opencode"], cases)}
    assert chosen < both
    assert "stream.cut[chat.stream]" in both
