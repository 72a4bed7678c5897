"""Compare two sets of cassettes: what one LiteLLM does differently from another, on the wire and towards the provider.

Ids, times and the order of keys don't count. Exit code 1 if a finding that held doesn't hold any more; with `--strict`,
if anything changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from hopcheck.authoring.case import Case
from hopcheck.cassettes import Cassette, MalformedCassette, load_all
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, USAGE, Stop
from hopcheck.cli.files import require_folders, write
from hopcheck.drift import Drift, drift
from hopcheck.drift.render import html_text, markdown_text, print_drift
from hopcheck.report.render.terminal import console_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument(
        "before", type=Path, metavar="A", help="a folder of cassettes, such as cassettes/litellm-1.106.2"
    )
    parser.add_argument(
        "after", type=Path, nargs="?", metavar="B", help="another one, recorded with `hopcheck record`; or --litellm"
    )
    parser.add_argument(
        "--litellm", metavar="VERSION", help="instead of B: run this release, and record it for the moment"
    )
    parser.add_argument("--exclude-newer", metavar="DATE", help="with --litellm: its dependencies as of that day")
    parser.add_argument(
        "--select", action="append", default=[], metavar="GLOB", help="only these cases, such as 'stream.*'"
    )
    parser.add_argument("--strict", action="store_true", help="any change is exit code 1")
    for kind in RENDERINGS:
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"write the report as {kind} to FILE")


def run(arguments: argparse.Namespace) -> int:
    if (arguments.after is None) == (arguments.litellm is None):
        raise Stop(USAGE, "name a second folder of cassettes, or a release with --litellm.")
    require_folders(_files(arguments).values())
    before = _selected(cassettes_of(arguments.before), arguments.select)
    if arguments.after is not None:
        return _compared(before, _selected(cassettes_of(arguments.after), arguments.select), arguments)
    from hopcheck.cli.record import record  # only now: the chain that it runs isn't needed to compare

    with TemporaryDirectory(prefix="hopcheck-") as folder:
        cases = _recorded_again(before.values(), arguments.select)
        code = record(Path(folder), arguments.litellm, arguments.exclude_newer, cases)
        if code != HOLDS:
            return code
        return _compared(before, _selected(cassettes_of(Path(folder)), arguments.select), arguments)


def _recorded_again(before: Iterable[Cassette], patterns: Sequence[str]) -> dict[str, Sequence[Case]]:
    """All cases that are selected, and those with the models of providers that were recorded before."""
    from hopcheck.cli.record import chosen

    cases, recorded = chosen(patterns), {(one.case, one.operation, one.provider) for one in before}
    providers = sorted({provider for *_, provider in recorded if provider})
    for provider, among in (chosen(patterns, providers) if providers else {}).items():
        cases[provider] = [one for one in among if (one.id, one.operation, provider) in recorded]
    return cases


def _files(arguments: argparse.Namespace) -> dict[str, Path]:
    return {kind: path for kind in RENDERINGS if (path := getattr(arguments, kind))}


def _selected(cassettes: Mapping[str, Cassette], patterns: Sequence[str]) -> dict[str, Cassette]:
    return {
        name: cassette
        for name, cassette in cassettes.items()
        if not patterns or any(fnmatchcase(cassette.case, one) for one in patterns)
    }


def _compared(before: Mapping[str, Cassette], after: Mapping[str, Cassette], arguments: argparse.Namespace) -> int:
    found = drift(before, after)
    if not found.compared:
        raise Stop(USAGE, f"{arguments.before} and {arguments.after or arguments.litellm} have no case in common.")
    print_drift(found, console_for(sys.stdout))
    for kind, path in _files(arguments).items():
        write(path, RENDERINGS[kind](found))
    return DOES_NOT_HOLD if found.worse or (arguments.strict and found.groups) else HOLDS


def cassettes_of(folder: Path) -> dict[str, Cassette]:
    """The cassettes of a folder.

    Raises:
        Stop: There are none, or one can't be read.
    """
    try:
        found = load_all(folder)
    except (MalformedCassette, OSError) as error:
        raise Stop(USAGE, f"{error}.") from None
    if not found:
        raise Stop(USAGE, f"there are no cassettes in {folder}; `hopcheck record` makes some.")
    return found


def json_text(found: Drift) -> str:
    """The report as JSON, `hopcheck.drift/1`."""
    return json.dumps(found.document(), indent=1, ensure_ascii=False) + "\n"


RENDERINGS: Mapping[str, Callable[[Drift], str]] = {"json": json_text, "markdown": markdown_text, "html": html_text}
"""Flag: what makes the file's text of a report."""
