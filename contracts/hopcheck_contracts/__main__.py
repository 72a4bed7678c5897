"""`python -m hopcheck_contracts openai-compatible [3.2]`: prints a contract as one document."""

from __future__ import annotations

import sys

import yaml

from hopcheck_contracts.documents import CONTRACTS, document, document_3_2


def main(arguments: list[str]) -> int:
    """Print the document that is asked for; 2 where none is."""
    name, version = [*arguments, "3.1"][:2] if arguments else ("", "")
    boundary = next((one for one in CONTRACTS if one == name), None)
    if boundary is None or version not in ("3.1", "3.2"):
        sys.stderr.write(f"usage: python -m hopcheck_contracts {{{'|'.join(CONTRACTS)}}} [3.1|3.2]\n")
        return 2
    made = document(boundary) if version == "3.1" else document_3_2(boundary)
    yaml.safe_dump(made, sys.stdout, sort_keys=False, allow_unicode=True, width=120)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
