"""`python -m hopcheck_server.upstream`: the scripted provider alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hopcheck_server.upstream.run import run
from hopcheck_server.upstream.script import transfer
from hopcheck_server.upstream.script.turns import Scripts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code (2 for a file that can't be used)."""
    parser = argparse.ArgumentParser(prog="python -m hopcheck_server.upstream", description="The scripted provider.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (%(default)s)")
    parser.add_argument("--scripts", type=Path, metavar="FILE", help="what to play: JSON, by script name")
    parser.add_argument("--open-control", action="store_true", help="let peers from other hosts use /_hopcheck/")
    options = parser.parse_args(arguments)
    try:
        scripts = _read(options.scripts)
    except (OSError, ValueError) as error:
        print(f"hopcheck upstream: can't use {options.scripts}: {error}", file=sys.stderr)
        return 2
    return run(scripts, options.host, options.port, open_control=options.open_control)


def _read(path: Path | None) -> Scripts:
    return {} if path is None else transfer.load(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
