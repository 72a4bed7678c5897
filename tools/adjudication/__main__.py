"""Write the page of adjudicated red lines.

    python -m tools.gateways --out FOLDER
    python -m tools.adjudication FOLDER > docs/adjudication.md

Each `judgements/NAME.toml` belongs to `FOLDER/NAME.json`. Without all of their lines judged, nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.adjudication.page import Unjudged, page, section

JUDGEMENTS = Path(__file__).parent / "judgements"


def main(words: Sequence[str] | None = None) -> int:
    """Print the page; the exit code is 1 if lines and judgements don't match, and standard error says which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the reports are")
    parser.add_argument("--judgements", type=Path, default=JUDGEMENTS, help="(default: %(default)s)")
    arguments = parser.parse_args(words)
    made, wrong = [], []
    for judgements in sorted(arguments.judgements.glob("*.toml")):
        report = json.loads((arguments.folder / f"{judgements.stem}.json").read_text(encoding="utf-8"))
        try:
            made.append(section(report, judgements))
        except Unjudged as error:
            wrong.append(str(error))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    print("\n".join(page(made)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
