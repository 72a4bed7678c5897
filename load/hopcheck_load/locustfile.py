"""The measurement under load, for Locust: `locust -f locustfile.py --hopcheck-target http://127.0.0.1:4000/v1`.

It runs with the web page, `--headless`, with `--processes`, and as master and workers on many machines. Locust's number
of users doesn't matter: `--hopcheck-rate`, `--hopcheck-duration`, `--hopcheck-arrivals`, `--hopcheck-profile` and
`--hopcheck-workload`, or the same fields of the page, define what arrives when.
"""

from hopcheck_load.open_loop.user import OpenLoop, UntilThePlanIsDone, install

__all__ = ["OpenLoop", "UntilThePlanIsDone"]

install()
