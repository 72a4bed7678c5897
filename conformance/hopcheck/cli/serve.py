"""Run the reference proxy. Its settings are environment variables that begin with LLM_PROXY__."""

from __future__ import annotations

import argparse
from pathlib import Path

from hopcheck_server.proxy.client_keys import new_key
from hopcheck_server.proxy.server import run_from_environment
from hopcheck_server.proxy.settings.table import page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--env-file", type=Path, metavar="FILE", help="read settings from it that the environment doesn't have"
    )
    parser.add_argument(
        "--workers", type=_workers, default=1, metavar="N", help="processes that serve the port (default: %(default)s)"
    )
    parser.add_argument("--check", action="store_true", help="say what would run, or what is wrong, and stop")
    parser.add_argument("--new-key", metavar="NAME", help="make a key for a client, print it and its line, and stop")
    parser.add_argument("--settings", action="store_true", help="print all settings as a Markdown page, and stop")


def run(arguments: argparse.Namespace) -> int:
    if arguments.settings:
        print(page(), end="")
        return 0
    if arguments.new_key:
        key, line = new_key(arguments.new_key)
        print(f"the client's key, which is shown this once: {key}\nthe line for the proxy: {line}")
        return 0
    return run_from_environment(
        arguments.host,
        arguments.port,
        env_file=arguments.env_file,
        check=arguments.check,
        workers=arguments.workers,
    )


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError("must be a number from 1 to 256")
    return int(text)
