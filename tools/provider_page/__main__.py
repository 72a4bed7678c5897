"""Write the page of what LiteLLM does with each provider.

    python -m tools.providers --out FOLDER
    python -m tools.provider_page FOLDER/report.json > docs/providers.md

`judgements.toml` has a class and a sentence for each deviation. Without all of them judged, nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.provider_page.deviations import Unjudged, judged
from tools.provider_page.page import page

JUDGEMENTS = Path(__file__).parent / "judgements.toml"


def main(words: Sequence[str] | None = None) -> int:
    """Print the page; the exit code is 1 if deviations and judgements don't match, and standard error says which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="the JSON report of `python -m tools.providers`")
    parser.add_argument("--judgements", type=Path, default=JUDGEMENTS, help="(default: %(default)s)")
    arguments = parser.parse_args(words)
    report = json.loads(arguments.report.read_text(encoding="utf-8"))
    try:
        found = judged(report, tomllib.loads(arguments.judgements.read_text(encoding="utf-8"))["deviation"])
    except Unjudged as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(page(report, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
