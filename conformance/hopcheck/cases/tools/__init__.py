"""Tools offered, calls made, results handed back."""
