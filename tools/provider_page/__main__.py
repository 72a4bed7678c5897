"""Write the page of what LiteLLM does with each provider, or on Messages and Responses.

    python -m tools.providers --out FOLDER
    python -m tools.provider_page FOLDER/report.json > docs/providers.md

    python -m tools.provider_page --surfaces OWN/report.json BRIDGED/report.json > docs/surfaces.md

`judgements.toml` (`surface_judgements.toml`) has a class and a sentence for each deviation. Without all of them judged,
nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.provider_page.deviations import Unjudged, by_provider, judged
from tools.provider_page.page import page as provider_page
from tools.provider_page.surfaces import by_surface
from tools.provider_page.surfaces import page as surface_page

JUDGEMENTS = Path(__file__).parent / "judgements.toml"
SURFACE_JUDGEMENTS = Path(__file__).parent / "surface_judgements.toml"


def merged(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the pages read of several reports, as if one run had made them."""
    return {name: [one for report in reports for one in report[name]] for name in ("cases", "causes")}


def main(words: Sequence[str] | None = None) -> int:
    """Print the page; the exit code is 1 if deviations and judgements don't match, and standard error says which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=Path, nargs="+", metavar="report", help="a gate's JSON report")
    parser.add_argument("--surfaces", action="store_true", help="the page of Messages and Responses instead")
    arguments = parser.parse_args(words)
    report = merged([json.loads(path.read_text(encoding="utf-8")) for path in arguments.reports])
    judgements = SURFACE_JUDGEMENTS if arguments.surfaces else JUDGEMENTS
    group, page = (by_surface, surface_page) if arguments.surfaces else (by_provider, provider_page)
    try:
        found = judged(report, tomllib.loads(judgements.read_text(encoding="utf-8"))["deviation"], group)
    except Unjudged as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(page(report, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
