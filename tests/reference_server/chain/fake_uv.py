"""A fake uv: records how it was called, and makes an "environment" or fails, as the test wants.

Its first argument is its folder: `calls` gets one JSON line for each call, and a file named `fail` there holds what
to print to standard error instead of installing; `fail-without-override` does so unless there is an override file.
Asked for a Python, it finds the one that a file named after it holds the path of.
"""

import json
import os
import sys
from pathlib import Path

folder, arguments = Path(sys.argv[1]), sys.argv[2:]


def read_file_of(flag: str) -> list[str]:
    return Path(arguments[arguments.index(flag) + 1]).read_text().splitlines() if flag in arguments else []


with (folder / "calls").open("a") as calls:
    seen = {
        "arguments": arguments,
        "requirements": read_file_of("--requirement"),
        "overrides": read_file_of("--override"),
    }
    calls.write(json.dumps({**seen, "environment": sorted(os.environ), "path": os.environ["PATH"]}) + "\n")

if arguments[:2] == ["python", "find"]:
    found = folder / arguments[-1]
    sys.exit(print(found.read_text()) if found.exists() else f"error: No interpreter found for {arguments[-1]}")
if "venv" in arguments:
    (Path(arguments[-1]) / "bin").mkdir(parents=True)
    (Path(arguments[-1]) / "bin" / "python").symlink_to(arguments[arguments.index("--python") + 1])
    (Path(arguments[-1]) / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.99.1\n")
    sys.exit(0)
for name, applies in (("fail", True), ("fail-without-override", "--override" not in arguments)):
    if applies and (folder / name).exists():
        sys.exit((folder / name).read_text())
python = Path(arguments[arguments.index("--python") + 1])
python.with_name("litellm").touch()
