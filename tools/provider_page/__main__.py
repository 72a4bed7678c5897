"""Write the page of what LiteLLM does with each provider, or on Messages and Responses.

    python -m tools.providers --out FOLDER
    python -m tools.provider_page FOLDER/report.json > docs/providers.md

    hopcheck gate … --json REPORT
    python -m tools.provider_page --surfaces REPORT > docs/surfaces.md

`judgements.toml` (`surface_judgements.toml`) has a class and a sentence for each deviation. Without all of them judged,
nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.provider_page.deviations import Unjudged, by_provider, judged
from tools.provider_page.page import page as provider_page
from tools.provider_page.surfaces import by_surface
from tools.provider_page.surfaces import page as surface_page

JUDGEMENTS = Path(__file__).parent / "judgements.toml"
SURFACE_JUDGEMENTS = Path(__file__).parent / "surface_judgements.toml"


def main(words: Sequence[str] | None = None) -> int:
    """Print the page; the exit code is 1 if deviations and judgements don't match, and standard error says which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="a gate's JSON report")
    parser.add_argument("--surfaces", action="store_true", help="the page of Messages and Responses instead")
    arguments = parser.parse_args(words)
    report = json.loads(arguments.report.read_text(encoding="utf-8"))
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
