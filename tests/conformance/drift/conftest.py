"""Makes this folder's helpers importable: in pytest's importlib mode a test's folder is not on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "cassettes")]
