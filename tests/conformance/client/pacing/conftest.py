"""Makes the helpers of the wire's tests importable: in pytest's importlib mode a test's folder is not on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "reference_server" / "wire"))
