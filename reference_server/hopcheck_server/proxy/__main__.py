"""`python -m hopcheck_server.proxy --host HOST --port PORT`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hopcheck_server.proxy.server import run_from_environment


def main() -> int:
    """Parse the command line and serve; return the exit code."""
    parser = argparse.ArgumentParser(prog="hopcheck_server.proxy", description="The reference LLM proxy.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free port, which is printed")
    parser.add_argument("--env-file", type=Path, help="settings that the environment doesn't have")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve")
    options = parser.parse_args()
    return run_from_environment(options.host, options.port, env_file=options.env_file, workers=options.workers)


if __name__ == "__main__":
    sys.exit(main())
