"""How many values a quantile needs: the same rule in every table. It needs no maths library."""

MIN_VALUES_BEYOND = 100
"""A quantile is reported only if at least this number of values lie beyond it."""


MIN_VALUES_BEYOND_ROUGH = 10
"""With at least this number of values beyond it, a quantile is known roughly: tables show it with a tilde."""


def has_enough_values(count: int, quantile: float) -> bool:
    """Whether a number of values is enough for a quantile; for the median any is, and its interval shows the rest."""
    return count > 0 and (quantile <= 0.5 or round(count * (1 - quantile), 6) >= MIN_VALUES_BEYOND)


def has_rough_values(count: int, quantile: float) -> bool:
    """Whether a number of values is enough to know a quantile roughly, and not enough to know it well."""
    beyond = round(count * (1 - quantile), 6)
    return not has_enough_values(count, quantile) and beyond >= MIN_VALUES_BEYOND_ROUGH
