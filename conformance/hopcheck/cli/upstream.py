"""Run the scripted provider alone. It knows every case's script, so that a pasted curl line works."""

from __future__ import annotations

import argparse

from hopcheck.cli.case_arguments import add_case_folder
from hopcheck.gate.catalogue import all_cases, all_scripts
from hopcheck_server.upstream.run import run as run_upstream


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9100, help="port; 0 takes a free one (default: %(default)s)")
    add_case_folder(parser)
    parser.add_argument(
        "--open-control",
        action="store_true",
        help="let other hosts load scripts and read the journal: for a network of its own",
    )


def run(arguments: argparse.Namespace) -> int:
    return run_upstream(
        all_scripts(all_cases(arguments.cases).values()),
        arguments.host,
        arguments.port,
        open_control=arguments.open_control,
    )
