"""What the upstream does with the attempts of a marked request: scripts, turns, and the marker that names them."""
