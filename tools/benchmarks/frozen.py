"""What a server that freezes for one second in every five looks like: to Locust, to wrk, and to hopcheck's open loop.

    python tools/benchmarks/frozen.py [--rate 200] [--seconds 20]

Plain Locust and wrk have users that wait for their answers (a closed loop): while the server is frozen, they ask
nothing, so each freeze costs them one slow request a user. Needs hopcheck[load]; prints all sides, and exits with 1 if
the open loop doesn't see the freeze (p99 of at least 900 ms).
"""

from __future__ import annotations

import argparse
import sys

from tools.calibrate.generator_comparison import FREEZE_USERS, frozen_figures

SEEN_MS = 900.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    figures = frozen_figures(options.seconds, options.rate)
    names = (f"open loop, {options.rate:g} a second", f"Locust, {FREEZE_USERS} users", f"wrk, {FREEZE_USERS} users")
    for name, found in zip(names, figures, strict=True):
        print(f"{name:<28}" + "".join(f"p{100 * one:<4g}{ms:>10.2f}   " for one, ms in found.items()))
    return 0 if figures[0][0.99] >= SEEN_MS else 1


if __name__ == "__main__":
    sys.exit(main())
