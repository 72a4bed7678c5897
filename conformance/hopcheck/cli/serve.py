"""Run the reference proxy. Its settings are environment variables that begin with LLM_PROXY__."""

from __future__ import annotations

import argparse

from hopcheck_server.proxy.serving import run_from_environment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    return run_from_environment(arguments.host, arguments.port)
