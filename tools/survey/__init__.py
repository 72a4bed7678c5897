"""What several hops cost on this machine, at rest and under load: `python -m tools.survey`.

It starts an upstream and the hops in front of it (`hops`), measures them by `hopcheck load`, one run after another
(`runs`), and writes tables (`tables`). It measures nothing by itself: all figures are those of the runs' reports.
"""
