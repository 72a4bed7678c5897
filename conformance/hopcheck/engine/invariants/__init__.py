"""What must hold on every exchange of every case, on both sides of the target.

Each module here judges one invariant, and knows on which classes of the forecast it holds. What doesn't hold is an
occurrence, which the report counts by its cause.
"""
