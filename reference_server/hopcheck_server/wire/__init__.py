"""HTTP/1.1 as a judge needs it: nothing is mended, joined or retried, and every read has a time."""
