"""The suite against itself: every mutant and every honest variant, times every case.

A mutant must be noticed by the finding that it names, and by nothing that nobody expects; an honest variant
by nothing; and every finding of every case must be broken by some mutant.
"""

from hopcheck.selftest.matrix import Cell, again, cells
from hopcheck.selftest.mutants import HEALTHY, Column, columns
from hopcheck.selftest.scoring import Proof, happened, notices, weigh

__all__ = ["HEALTHY", "Cell", "Column", "Proof", "again", "cells", "columns", "happened", "notices", "weigh"]
