"""Statistics of a measurement: quantiles, intervals, differences. Pure functions."""
