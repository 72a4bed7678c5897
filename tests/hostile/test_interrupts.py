"""Interrupts at random moments on hostile targets: hopcheck is never busy for long in one piece, and reports."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.hostile.interrupts import BEHAVIOURS, LATEST_S, interrupted

pytestmark = pytest.mark.timeout(600)

MAX_BUSY_S = 2.0
"""Processor time: a busy machine changes nothing; the second beyond the promised one is for slow processors."""


@pytest.mark.hostile
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_an_interrupt_is_noticed_at_once_and_ends_with_reports(behaviour: str, tmp_path: Path) -> None:
    moment_s = random.Random(behaviour).uniform(0, LATEST_S)
    seen = asyncio.run(interrupted(behaviour, moment_s, tmp_path))
    assert seen.is_reported
    assert seen.held_up_s < MAX_BUSY_S
    assert seen.report_s < MAX_BUSY_S
