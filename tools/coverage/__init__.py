"""How often intervals hold the truth, and knees are right, by simulation."""

from tools.coverage.knees import RISING, RisingRates, simulate_knees
from tools.coverage.scenarios import SCENARIOS, AtRest, UnderLoad, correlated, simulate

__all__ = ["RISING", "SCENARIOS", "AtRest", "RisingRates", "UnderLoad", "correlated", "simulate", "simulate_knees"]
