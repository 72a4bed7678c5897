"""An upstream's event stream on its way to the client."""
