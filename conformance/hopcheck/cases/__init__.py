"""The cases: one folder an area of the catalogue, one file a behaviour."""
