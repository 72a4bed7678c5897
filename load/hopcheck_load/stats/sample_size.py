"""How many values it takes to tell a quantile: the same rule in every table. Knows no maths library."""

BEYOND = 100
"""So many values must lie beyond a quantile, or it isn't told."""


def told(count: int, quantile: float) -> bool:
    """Whether so many values are enough to tell a quantile; the median always is, its interval says how well."""
    return count > 0 and (quantile <= 0.5 or round(count * (1 - quantile), 6) >= BEYOND)
