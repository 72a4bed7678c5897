"""Makes this folder's helpers and the cassettes' samples importable: in pytest's importlib mode no test's folder is."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "cassettes")]
