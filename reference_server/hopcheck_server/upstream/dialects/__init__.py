"""Wire formats that the upstream speaks: they turn what a script says into an answer's bytes."""
