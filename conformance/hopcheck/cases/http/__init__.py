"""HTTP around the answers: connections, headers, encodings."""
