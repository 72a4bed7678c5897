"""The suite tested against itself: every mutant and every honest relay, times every case.

The check that a mutant names must kill it, and no other case may fail on it unannounced; no case may fail on an
honest relay; and every check of every case must kill some mutant.
"""

from hopcheck.selftest.columns import HEALTHY, MatrixColumn, columns_of
from hopcheck.selftest.inert import inert_among
from hopcheck.selftest.matrix import Cell, cells, run_cells_again
from hopcheck.selftest.scoring import MatrixScore, kills, score, summary_of, without_inert

__all__ = [
    "HEALTHY",
    "Cell",
    "MatrixColumn",
    "MatrixScore",
    "cells",
    "columns_of",
    "inert_among",
    "kills",
    "run_cells_again",
    "score",
    "summary_of",
    "without_inert",
]
