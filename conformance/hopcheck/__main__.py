"""`python -m hopcheck` is the same as `hopcheck`."""

import sys

from hopcheck.cli import main

sys.exit(main())
