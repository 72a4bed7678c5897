"""Wire formats that the upstream speaks: one folder for each, which `registry` finds."""
