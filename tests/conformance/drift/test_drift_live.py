"""A set of cassettes, and the release that it was recorded with, run once more: nothing has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hopcheck.cli import main

pytestmark = [pytest.mark.litellm, pytest.mark.timeout(300)]

FOLDER = Path(__file__).parents[3] / "cassettes" / "litellm-1.106.2"
SELECT = ("embeddings.*", "errors.shape", "stream.usage-*", "stream.json-instead")


def test_a_release_does_not_drift_from_itself(capsys) -> None:
    selected = [word for pattern in SELECT for word in ("--select", pattern)]
    code = main(["drift", str(FOLDER), "--litellm", "1.106.2", "--strict", *selected])
    assert code == 0, capsys.readouterr().out
