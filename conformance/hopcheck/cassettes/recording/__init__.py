"""The recording: runs cases on a chain with a tee in it, and builds cassettes from what passed."""
