"""Sessions: histories that grow from turn to turn, as agents send them."""
