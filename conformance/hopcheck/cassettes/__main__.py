"""`python -m hopcheck.cassettes [FILE or FOLDER …]` checks that cassettes are valid and hold no secrets."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from hopcheck.cassettes.store import problems


def main(words: Sequence[str]) -> int:
    """Check cassettes, also those in folders. Returns 0 without problems, 1 with problems, and 2 without cassettes."""
    given = [Path(word) for word in words or ["cassettes"]]
    paths = [path for one in given for path in (sorted(one.rglob("*.yaml")) if one.is_dir() else [one])]
    found = [problem for path in paths for problem in problems(path)]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(paths)} cassettes, {len(found)} problems", file=sys.stderr)
    return 2 if not paths else int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
