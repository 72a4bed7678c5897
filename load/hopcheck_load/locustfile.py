"""The measurement under load, for Locust: `locust -f locustfile.py --hopcheck-target http://127.0.0.1:4000/v1`.

It runs with the web page, `--headless`, with `--processes`, and as master and workers on many machines. How many users
Locust is told to start doesn't matter: what arrives, and when, is said by `--hopcheck-rate`, `--hopcheck-duration`,
`--hopcheck-arrivals`, `--hopcheck-profile` and `--hopcheck-workload`, or on the page.
"""

from hopcheck_load.open_loop.user import OpenLoop, UntilThePlanIsDone, install

__all__ = ["OpenLoop", "UntilThePlanIsDone"]

install()
