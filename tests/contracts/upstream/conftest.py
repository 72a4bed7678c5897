"""Makes this folder's helpers importable, and the official clients' types at hand."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # in pytest's importlib mode a test's folder is not on the path


@pytest.fixture(scope="module")
def client_types(request: pytest.FixtureRequest) -> ModuleType:
    """The module of the official client that a file names as CLIENT: imported late, as it takes seconds."""
    return import_module(request.module.CLIENT)
