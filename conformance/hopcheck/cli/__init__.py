"""The command line. Each command is a module with `add_arguments` and `run`, imported only when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Protocol, cast

from hopcheck.authoring.mistakes import CaseError
from hopcheck.cli.exits import HOLDS, HOPCHECK_FAILED, INTERRUPTED, USAGE, Stop

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": (
        "hopcheck.cli.demo",
        "the whole story on this machine: LiteLLM and the reference proxy, judged side by side",
    ),
    "gate": ("hopcheck.cli.gate", "hold a proxy to its contract"),
    "reproduce": ("hopcheck.cli.reproduce", "ask again what failed in a report"),
    "baseline": ("hopcheck.cli.baseline", "carry a baseline of the first edition over"),
    "cases": ("hopcheck.cli.cases", "list or explain the cases"),
    "selftest": ("hopcheck.cli.selftest", "run the suite against itself: mutants and honest relays"),
    "clients": ("hopcheck.cli.clients", "run Claude Code and Codex through a proxy, and show what their users see"),
    "serve": ("hopcheck.cli.serve", "run the reference proxy"),
    "upstream": ("hopcheck.cli.upstream", "run the scripted provider alone"),
    "record": ("hopcheck.cli.record", "record LiteLLM's traffic as cassettes, to be replayed without it"),
    "replay": ("hopcheck.cli.replay", "stand in for LiteLLM with what was recorded"),
    "stack": ("hopcheck.cli.stack", "run upstream, LiteLLM and the reference proxy until interrupted"),
    "drift": ("hopcheck.cli.drift", "compare two sets of cassettes: what one LiteLLM does differently from another"),
    "outage": (
        "hopcheck.cli.outage",
        "kill LiteLLM behind the reference proxy, and show what clients see of it",
    ),
    "soak": (
        "hopcheck.cli.soak",
        "send the reference proxy mixed traffic for half an hour, and see whether it leaks or fails",
    ),
    "load": ("hopcheck_load.cli.command", "measure how much latency a hop adds"),
}
"""Command: its module, and what it does in a line."""


class Command(Protocol):
    """A command's module."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options to its parser."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command; returns the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Words after the program's name; None takes the process's own.

    Returns:
        0 holds, 1 doesn't hold, 2 usage or configuration, 3 can't be tested, 4 hopcheck itself failed, 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not words or words[0] not in COMMANDS:
        parser.parse_args(words)  # answers --help and --version, refuses everything else
        parser.print_help()
        return USAGE
    try:
        command = cast("Command", importlib.import_module(COMMANDS[words[0]][0]))
    except ModuleNotFoundError as error:
        return _needs_extra(words[0], error)
    own = argparse.ArgumentParser(prog=f"hopcheck {words[0]}", description=command.__doc__)
    command.add_arguments(own)
    try:
        code = command.run(own.parse_args(words[1:]))
        sys.stdout.flush()
        return code
    except Stop as stop:
        print(f"hopcheck: {_printable(str(stop))}", file=sys.stderr)
        return stop.code
    except CaseError as mistakes:
        print(f"hopcheck: {mistakes}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # who read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return HOLDS
    except Exception:
        traceback.print_exc()
        print(f"hopcheck: {words[0]} failed; this is a bug of hopcheck's, not of the target's.", file=sys.stderr)
        return HOPCHECK_FAILED


def _printable(sentence: str) -> str:
    """A sentence without control characters: it may quote what a target sent."""
    from hopcheck.report.render.values import visible

    return "\n".join(map(visible, sentence.split("\n")))


def _parser() -> argparse.ArgumentParser:
    from hopcheck import __version__

    lines = "\n".join(f"  {name:<9} {does}" for name, (_, does) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="hopcheck",
        description="Holds LLM proxies to their contract, and measures what they cost.",
        epilog=f"commands:\n{lines}\n\n`hopcheck COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="hopcheck COMMAND [options]",
    )
    parser.add_argument("--version", action="version", version=f"hopcheck {__version__}")
    return parser


_EXTRA_OF = {
    **dict.fromkeys(("fastapi", "uvicorn", "pydantic_settings", "uv"), "server"),
    **dict.fromkeys(("hdrh", "locust", "numpy", "psutil", "scipy"), "load"),
}


def _needs_extra(command: str, error: ModuleNotFoundError) -> int:
    extra = _EXTRA_OF.get((error.name or "").partition(".")[0])
    if extra is None:
        raise error
    print(f"hopcheck: `{command}` needs more: pip install 'hopcheck[{extra}]'", file=sys.stderr)
    return USAGE


__all__ = ["HOPCHECK_FAILED", "main"]
